// What the codes of a server's reply mean for a message or one recipient of it: reply codes are those of RFC 5321 §4.2, enhanced codes
// those of RFC 3463. Pure.
import type { RecipientAnswer } from './mailer.ts';

/** A reply, as far as it says something: without a `code` none came. */
export interface Reply {
  readonly code?: number;
  /** `class.subject.detail`, as `5.2.2`. */
  readonly enhanced?: string;
  /** One printable line. */
  readonly reply: string;
}

/** Subject and detail of enhanced codes (RFC 3463 §3). */
const FULL = ['2.2'];
const TOO_MANY = ['5.3'];
const TOO_LARGE = ['2.3', '3.4'];

/** RFC 5321 §4.2.3 calls 552 "exceeded storage allocation", RFC 1870 §6.3 a message that is too large: without a detail, words tell. */
const FULL_WORDS = /quota|\bmail ?box\b.{0,40}\b(?:full|exceed)|storage allocation/i;

/**
 * Whether the same may be taken later. The enhanced code says it where there is one, but for those that mean it by their subject,
 * whatever their class: a full mailbox (RFC 3463 §3.3: "a persistent transient failure"), too many recipients (RFC 5321 §4.5.3.1.10,
 * where 552 stands for it too). 421 is of the connection (§3.8).
 */
export function isTemporary(reply: Reply): boolean {
  const { code = 0, enhanced } = reply;
  if (code === 421 || isFull(reply) || isSubject(enhanced, TOO_MANY)) return true;
  return enhanced === undefined ? code < 500 : enhanced.startsWith('4');
}

/** Whether a recipient may be taken later: a bare 552 to one means too many recipients, as said above. */
export function isTemporaryOfRecipient(reply: Reply): boolean {
  return isTemporary(reply) || (reply.code === 552 && reply.enhanced === undefined);
}

/** Whether the message is larger than the server takes; a bare 552 to a message, unlike one to a recipient, means that (RFC 1870 §6.3). */
export function isTooLarge({ code, enhanced }: Reply): boolean {
  return isSubject(enhanced, TOO_LARGE) || (code === 552 && enhanced === undefined);
}

/** Whether a recipient was put off because the message has too many: in another transaction it may be taken at once. */
export function isOneTooMany(answer: RecipientAnswer): boolean {
  const { verdict, code, enhanced } = answer;
  if (verdict !== 'deferred' || isFull(answer)) return false;
  return isSubject(enhanced, TOO_MANY) || (enhanced === undefined && (code === 452 || code === 552));
}

function isFull({ enhanced, reply }: Pick<Reply, 'enhanced' | 'reply'>): boolean {
  const hasDetail = enhanced !== undefined && !enhanced.endsWith('.0.0');
  return hasDetail ? isSubject(enhanced, FULL) : FULL_WORDS.test(reply);
}

function isSubject(enhanced: string | undefined, subjects: readonly string[]): boolean {
  return enhanced !== undefined && subjects.includes(enhanced.slice(2));
}
