// A mail that was put into its row just now, as a reader finds it there: its event tells of it without reading it again.
import type { Delivery, ReceivedMail } from '../message.ts';
import type { ThreadItem, WholeMail } from '../stored-mail.ts';
import { PARTS_MAX } from './thread-reader.ts';
import { type MailOfThread, PARTICIPANTS_MAX } from './thread-rows.ts';

interface StoredPlace {
  readonly inboxId: string;
  readonly threadId: string;
  readonly messageId: string;
}

export function storedMail(
  place: StoredPlace,
  { content, receivedAtMs: atMs }: Pick<ReceivedMail, 'content' | 'receivedAtMs'>,
  { authentication }: Pick<Delivery, 'authentication'>,
  { labels, size }: Pick<MailOfThread, 'labels' | 'size'>,
): WholeMail {
  const { fromAddress: _, from, subject, ...rest } = content;
  // Of half a character, which JSON keeps, a column makes something else.
  const own = { from: from.toWellFormed(), subject: subject?.toWellFormed() };
  return {
    ...place,
    ...rest,
    ...own,
    labels: labels.toSorted(),
    size,
    atMs,
    updatedAtMs: atMs,
    authentication: authentication && { ...authentication },
  };
}

/** The thread that begins with the mail. */
export function storedThread(mail: WholeMail, { from }: Pick<ReceivedMail['content'], 'from'>): ThreadItem {
  const { inboxId, threadId, messageId, labels, to, cc, subject, preview, parts, size, atMs } = mail;
  return {
    ...{ inboxId, threadId, lastMessageId: messageId, messageCount: 1, labels, size },
    parts: parts.slice(0, PARTS_MAX),
    senders: from === '' ? [] : [from],
    recipients: [...new Set([...to, ...cc])].slice(0, PARTICIPANTS_MAX),
    ...{ subject, preview, lastAtMs: atMs, receivedAtMs: atMs, createdAtMs: atMs, updatedAtMs: atMs },
  };
}
