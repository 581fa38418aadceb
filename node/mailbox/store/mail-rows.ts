// One received mail becomes rows: once for each inbox that gets it, its octets once for all of them.
import type { NewUuid } from '../../../mesh/uuid.ts';
import { type AppendEvent, receivedDetail } from '../event.ts';
import type { ChooseThread, Delivery, MailContent, ReceivedMail, StoredDelivery } from '../message.ts';
import type { Connection } from './database.ts';
import { bindReferences, knownThreads } from './references.ts';
import { beginThread, joinThread, type MailOfThread } from './thread-rows.ts';

export interface MailRowsParts {
  readonly connection: Connection;
  readonly appendEvent: AppendEvent;
  readonly chooseThread: ChooseThread;
  /** The subject without its reply prefixes; `undefined`: too short to find a thread by. */
  readonly baseSubject: (subject: string) => string | undefined;
  readonly newUuid: NewUuid;
  readonly hostId: string;
}

/** Digits of a digest that make a message id. */
const ID_DIGITS = 40;

export class MailRows {
  readonly #parts: MailRowsParts;

  constructor(parts: MailRowsParts) {
    this.#parts = parts;
  }

  /** Adds the mail to the inboxes that are there and do not have it. To be called within a transaction. */
  insert(mail: ReceivedMail): readonly StoredDelivery[] {
    return mail.deliveries.map((delivery) => this.#insertFor(mail, delivery));
  }

  #insertFor(mail: ReceivedMail, delivery: Delivery): StoredDelivery {
    const { connection } = this.#parts;
    const { inboxId } = delivery;
    const inbox = connection.get<{ row: number }>(
      "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'",
      inboxId,
    )?.row;
    if (inbox === undefined) return { inboxId, status: 'gone' };
    const known = connection.get<{ message_id: string; thread_id: string }>(
      'SELECT message_id, thread_id FROM message JOIN thread ON thread.row = message.thread WHERE message.inbox = ? AND digest = ?',
      inbox,
      mail.digest,
    );
    if (known !== undefined)
      return { inboxId, status: 'duplicate', messageId: known.message_id, threadId: known.thread_id };
    const messageId = this.#messageId(inbox, mail);
    const ofThread = this.#ofThread(mail, delivery, messageId);
    const { thread, threadId } = this.#threadFor(inbox, mail, delivery, ofThread);
    const message = this.#insertMessage({ inbox, thread, messageId }, mail, delivery, ofThread);
    joinThread(connection, thread, ofThread);
    if (!ofThread.isHidden) bindReferences(connection, inbox, thread, idsOf(messageId, mail.content));
    connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', ofThread.size, inbox);
    this.#parts.appendEvent(message, receivedDetail(delivery.mailClass), mail.receivedAtMs);
    return { inboxId, status: 'stored', messageId, threadId };
  }

  /** The header's own, so that the same mail has the same id everywhere; where that is missing or taken, one that a retry has, too. */
  #messageId(inbox: number, { content: { headerId }, digest }: ReceivedMail): string {
    const { connection, hostId } = this.#parts;
    const isTaken = (id: string) =>
      connection.get('SELECT 1 FROM message WHERE inbox = ? AND message_id = ?', inbox, id) !== undefined;
    if (headerId !== undefined && !isTaken(headerId)) return headerId;
    return `<${digest.slice(0, ID_DIGITS)}@${hostId}.mesh.invalid>`;
  }

  #ofThread(mail: ReceivedMail, { mailClass, trace }: Delivery, messageId: string): MailOfThread {
    const { content, raw, receivedAtMs } = mail;
    const isHidden = mailClass !== 'received';
    const labels = new Set(['received', 'unread', ...(isHidden ? [mailClass] : []), ...mail.labels]);
    return {
      ...{ messageId, content, isHidden, labels: [...labels], atMs: receivedAtMs },
      size: raw.size + Buffer.byteLength(trace),
      baseSubject: content.subject === undefined || isHidden ? undefined : this.#parts.baseSubject(content.subject),
    };
  }

  #threadFor(inbox: number, mail: ReceivedMail, { mailClass, isAuthenticated }: Delivery, ofThread: MailOfThread) {
    const { connection, chooseThread, newUuid } = this.#parts;
    const { content, labels, receivedAtMs } = mail;
    const isAutomated = labels.includes('automated');
    const chosen = ofThread.isHidden
      ? undefined
      : chooseThread(
          { content, mailClass, isAuthenticated, isAutomated, receivedAtMs },
          knownThreads(connection, inbox),
        );
    const row = chosen === undefined ? undefined : connection.get<{ row: number }>(THREAD_ROW, chosen, inbox)?.row;
    if (chosen !== undefined && row !== undefined) return { thread: row, threadId: chosen };
    const threadId = newUuid();
    return { thread: beginThread(connection, inbox, threadId, ofThread), threadId };
  }

  #insertMessage(
    { inbox, thread, messageId }: { readonly inbox: number; readonly thread: number; readonly messageId: string },
    mail: ReceivedMail,
    { trace, authentication }: Delivery,
    { isHidden, labels, size }: MailOfThread,
  ): number {
    const { connection } = this.#parts;
    const { content, raw, digest, receivedAtMs: at } = mail;
    const { from, fromAddress = null, subject = null, text = null, html = null } = content;
    const { extractedText = null, extractedHtml = null } = content;
    const to = [...content.to, ...content.cc].join(', ');
    connection.run(RAW_INSERT, raw.digest, raw.size, raw.content ?? null);
    const { row } = connection.run(
      MESSAGE_INSERT,
      ...[inbox, thread, messageId, digest, Number(isHidden), at, from, fromAddress, to, subject],
      JSON.stringify({ ...headOf(content), authentication }),
      ...[text, html, extractedText, extractedHtml, raw.digest, trace, size, at, at],
    );
    for (const label of labels) connection.run(LABEL_INSERT, row, label, inbox, at);
    for (const [number, part] of content.parts.entries()) {
      const { filename = null, contentType = null, disposition = null, contentId = null } = part;
      const { attachmentId, encoding, start, end } = part;
      connection.run(
        PART_INSERT,
        ...[row, number, attachmentId, filename, contentType, disposition, contentId, encoding, start, end, part.size],
      );
    }
    return row;
  }
}

/** What is read with a mail, and nothing looks for. */
export type MessageHead = Pick<
  MailContent,
  'headerId' | 'to' | 'cc' | 'bcc' | 'replyTo' | 'preview' | 'payload' | 'hiddenText' | 'inReplyTo' | 'references'
> &
  Pick<MailContent, 'headers'> &
  Pick<Delivery, 'authentication'>;

function headOf(content: MailContent): Omit<MessageHead, 'authentication'> {
  const { headerId, to, cc, bcc, replyTo, preview, payload, hiddenText, inReplyTo, references, headers } = content;
  return { headerId, to, cc, bcc, replyTo, preview, payload, hiddenText, inReplyTo, references, headers };
}

/** The mail's own ids first, then those that it names. */
export function idsOf(messageId: string, { headerId, inReplyTo, references }: MailContent): readonly string[] {
  return [...new Set([messageId, ...(headerId === undefined ? [] : [headerId]), ...inReplyTo, ...references])];
}

const THREAD_ROW = 'SELECT row FROM thread WHERE thread_id = ? AND inbox = ?';
const RAW_INSERT = `INSERT INTO raw (digest, size, content, uses) VALUES (?, ?, ?, 1)
  ON CONFLICT (digest) DO UPDATE SET uses = uses + 1`;
const MESSAGE_INSERT = `INSERT INTO message (inbox, thread, message_id, digest, hidden, at, from_text, from_address, to_text, subject,
  head, text, html, extracted_text, extracted_html, raw, trace, size, created_at, updated_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const LABEL_INSERT = 'INSERT INTO message_label (message, label, inbox, at) VALUES (?, ?, ?, ?)';
const PART_INSERT = `INSERT INTO part (message, number, attachment_id, filename, content_type, disposition, content_id, encoding, start, end,
  size) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
