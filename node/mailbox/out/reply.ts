// What an answer is, by the mail that it answers: whom it goes to, what it is called, and which mails it names (RFC 5322 §3.6.4), so that
// every program puts it into the same thread.
import { mailboxesOf } from '../intake/mail-addresses.ts';
import type { MailContent } from '../message.ts';
import { beginsAsForward, beginsAsReply } from '../threads/subject.ts';

/** The ids at the beginning and at the end of a long thread: programs find a mail's place by them. */
const FIRST_REFERENCES = 1;
const LAST_REFERENCES = 19;
const SUBJECT_CHARACTERS_MAX = 900;
/** Ids outside of this can't be written into a header of ASCII lines. */
const WRITABLE_ID = /^<[\x21-\x3b\x3d\x3f-\x7e]{1,994}>$/;

/** The mail that is answered or passed on. */
export interface AnsweredMail
  extends Pick<MailContent, 'headerId' | 'from' | 'to' | 'cc' | 'replyTo' | 'subject' | 'inReplyTo' | 'references'> {
  /** The inbox itself has sent it. */
  readonly isOwn: boolean;
}

/** Whom an answer goes to, as people read it: `Jane <jane@x.com>`. */
export interface Addressed {
  readonly to: readonly string[];
  readonly cc: readonly string[];
}

/** Message ids of the header, each with its angle brackets. */
export interface Named {
  readonly inReplyTo?: string | undefined;
  readonly references: readonly string[];
}

/** `isToAll`: those whom the mail went to get the answer too, but for the inbox itself. */
export function addressedBy(mail: AnsweredMail, inboxId: string, isToAll: boolean): Addressed {
  const sender = mail.replyTo.length > 0 ? mail.replyTo : [mail.from].filter((from) => from !== '');
  const to = mail.isOwn ? mail.to : sender;
  if (!isToAll) return { to: distinct(to, new Set()), cc: [] };
  const seen = new Set([inboxId.toLowerCase()]);
  const first = distinct(to, seen);
  const others = distinct(mail.isOwn ? [] : mail.to, seen);
  return { to: [...first, ...others], cc: distinct(mail.cc, seen) };
}

export function namedBy({ headerId, inReplyTo, references }: AnsweredMail): Named {
  const theirs = (references.length > 0 ? references : inReplyTo.slice(0, 1)).filter(isWritable);
  const kept =
    theirs.length > FIRST_REFERENCES + LAST_REFERENCES
      ? [...theirs.slice(0, FIRST_REFERENCES), ...theirs.slice(-LAST_REFERENCES)]
      : theirs;
  if (headerId === undefined || !isWritable(headerId)) return { references: kept };
  return { inReplyTo: headerId, references: [...kept.filter((id) => id !== headerId), headerId] };
}

/** `Re: ` once, whatever the language in which another program has said so. */
export function replySubject(subject = ''): string {
  return beginsAsReply(subject) ? bounded(subject) : bounded(`Re: ${subject}`);
}

export function forwardSubject(subject = ''): string {
  return beginsAsForward(subject) ? bounded(subject) : bounded(`Fwd: ${subject}`);
}

function isWritable(id: string): boolean {
  return WRITABLE_ID.test(id);
}

function bounded(subject: string): string {
  return subject
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .slice(0, SUBJECT_CHARACTERS_MAX)
    .trim()
    .toWellFormed();
}

function distinct(shown: readonly string[], seen: Set<string>): readonly string[] {
  return shown.filter((one) => {
    const address = mailboxesOf([one])[0]?.address;
    if (address === undefined || seen.has(address)) return false;
    seen.add(address);
    return true;
  });
}
