// Which thread of an inbox a received mail belongs to. Message ids decide, for they are quoted by programs and not by people; a subject
// does only for the answer of a program that quotes none, and then only where a stranger could not have made it up. Threads are never
// merged. What is in quarantine joins none.
import type { ChooseThread, KnownThreads, MailContent, MailInThread } from '../message.ts';
import { baseSubject, hasReplyPrefix } from './subject.ts';

/** Ids of one References field that are looked at, the nearest first. */
const REFERENCES_MAX = 50;
/** Mails of one thread; the next begins a new one, for a thread is read and shown as a whole. */
const THREAD_MESSAGES_MAX = 1_000;
const SAME_SUBJECT_MS_MAX = 14 * 86_400_000;

export const chooseThread: ChooseThread = (mail, known) => {
  if (mail.mailClass !== 'received') return undefined;
  for (const id of nearestFirst(mail.content)) {
    const thread = known.threadOf(id);
    if (thread !== undefined && hasRoom(thread, known)) return thread;
  }
  return bySubject(mail, known);
};

/** The mail's own id is one that an answer, which came before it, may have named. */
function nearestFirst({ headerId, inReplyTo, references }: MailContent): readonly string[] {
  const named = [...inReplyTo.slice(0, 1), ...references.toReversed().slice(0, REFERENCES_MAX)];
  return headerId === undefined ? named : [headerId, ...named];
}

function bySubject(mail: MailInThread, known: KnownThreads): string | undefined {
  const { subject = '', fromAddress, inReplyTo, references } = mail.content;
  const base = baseSubject(subject);
  if (base === undefined || fromAddress === undefined || !hasReplyPrefix(subject)) return undefined;
  if (inReplyTo.length > 0 || references.length > 0 || mail.isAutomated || !mail.isAuthenticated) return undefined;
  const [only, another] = known.withSubject(base, fromAddress);
  if (only === undefined || another !== undefined || !only.hasSent) return undefined;
  if (mail.receivedAtMs - only.lastAtMs > SAME_SUBJECT_MS_MAX) return undefined;
  return hasRoom(only.threadId, known) ? only.threadId : undefined;
}

function hasRoom(threadId: string, known: KnownThreads): boolean {
  return known.messageCount(threadId) < THREAD_MESSAGES_MAX;
}
