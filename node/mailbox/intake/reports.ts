// Reports about mail that this host has sent: that it could not be delivered (RFC 3464, RFC 6533), or that somebody complains (RFC 5965). Which
// mail one is about is read here, of its own parts alone: nothing is unpacked. What a bounce brings about is the send module's to decide.
import type { MailReport } from '../message.ts';
import { decodedText } from '../text/charset.ts';
import { firstField, type HeaderField, headerFields } from './header-fields.ts';
import { mailboxesOf } from './mail-addresses.ts';
import type { Part, Structure } from './structure.ts';

/** RFC 6522. */
const REPORT = /^multipart\/report\b/i;
const STATUS = /^message\/(?:global-)?delivery-status$/;
const FEEDBACK = 'message/feedback-report';
const RETURNED = /^(?:message|text)\/(?:rfc822|global)(?:-headers)?$/;
const ID = /<[^<>\s]{1,996}>/;
const TYPE_CHARACTERS_MAX = 40;

/** `undefined`: it is none, or does not say which mail it is about. `mailFrom`: empty for the null sender. */
export function reportIn(
  { headers, parts }: Pick<Structure, 'headers' | 'parts'>,
  mailFrom: string,
): MailReport | undefined {
  // A person may attach one to words of their own, which somebody has to read.
  const ofReport = mailFrom === '' || REPORT.test(firstField(headers, 'content-type') ?? '') ? parts : [];
  const feedback = ofReport.find(({ contentType }) => contentType === FEEDBACK);
  const status = ofReport.find(({ contentType }) => STATUS.test(contentType));
  const isBounce = status !== undefined || isPlainBounce(headers, mailFrom);
  const aboutId = feedback === undefined && !isBounce ? undefined : idOf(headers, parts);
  if (aboutId === undefined) return undefined;
  if (feedback === undefined) return { kind: 'bounce', aboutId, isFailure: isFailure(status) };
  const type = firstField(headerFields(feedback.octets ?? Buffer.alloc(0)), 'feedback-type') ?? '';
  return {
    kind: 'complaint',
    aboutId,
    complaintType: /^[\w-]+/.exec(type)?.[0]?.slice(0, TYPE_CHARACTERS_MAX) ?? 'abuse',
  };
}

/** RFC 3464 §2.3.3; what says nothing of that is a report of failure, as it was before there was a word for anything else. */
function isFailure(status: Part | undefined): boolean {
  const actions = (status?.octets?.toString('latin1') ?? '').match(/^action:[ \t]{0,10}[a-z]{1,20}/gim) ?? [];
  return actions.length === 0 || actions.some((action) => /failed$/i.test(action));
}

/** Systems older than RFC 3464 write to the null sender's mail in words alone. */
function isPlainBounce(headers: readonly HeaderField[], mailFrom: string): boolean {
  const [from] = mailboxesOf([firstField(headers, 'from') ?? '']);
  return mailFrom === '' && /^(?:mailer-daemon|postmaster)@/.test(from?.address ?? '');
}

/** The Message-ID of the returned mail; in a report of words, that of the mail that stands in them, or that it answers. */
function idOf(headers: readonly HeaderField[], parts: readonly Part[]): string | undefined {
  const returned = parts.find(({ contentType }) => RETURNED.test(contentType));
  const ofReturned = firstField(headerFields(returned?.octets ?? Buffer.alloc(0)), 'message-id');
  if (returned !== undefined) return ID.exec(ofReturned ?? '')?.[0];
  const text = parts.find(({ contentType }) => contentType === 'text/plain');
  const inWords = /^message-id:[ \t]{0,10}(<[^<>\s]{1,996}>)/im.exec(
    decodedText(text?.octets ?? Buffer.alloc(0), text?.charset),
  );
  return inWords?.[1] ?? ID.exec(firstField(headers, 'in-reply-to') ?? '')?.[0];
}
