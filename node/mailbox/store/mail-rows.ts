// One received mail becomes rows: once for each inbox that gets it, its octets once for all of them.
import type { NewUuid } from '../../../mesh/uuid.ts';
import { type AppendEvent, receivedDetail } from '../event.ts';
import type { ChooseThread, Delivery, ReceivedMail, StoredDelivery } from '../message.ts';
import type { Connection } from './database.ts';
import { idsOf, insertMessage } from './message-row.ts';
import { bindReferences, knownThreads } from './references.ts';
import { labelsOfReport, noteReport, type SentMail, sentMailOf } from './report-rows.ts';
import { beginThread, countLabel, joinThread, type MailOfThread } from './thread-rows.ts';

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
    const known = connection.get<KnownMail>(
      `SELECT message.row, message.inbox, message.thread, message.at, message_id, thread_id FROM message
       JOIN thread ON thread.row = message.thread WHERE message.inbox = ? AND digest = ?`,
      inbox,
      mail.digest,
    );
    if (known !== undefined) {
      receivedToo(connection, known);
      return { inboxId, status: 'duplicate', messageId: known.message_id, threadId: known.thread_id };
    }
    const messageId = this.#messageId(inbox, mail);
    const sent = sentMailOf(connection, inbox, mail.report, delivery);
    const ofThread = this.#ofThread(mail, delivery, messageId, sent);
    const { thread, threadId } = this.#joinedThread(inbox, mail, delivery, ofThread, sent);
    const message = insertMessage(connection, { inbox, thread, messageId }, mail, { ...delivery, ...ofThread });
    if (!ofThread.isHidden) bindReferences(connection, inbox, thread, idsOf(messageId, mail.content));
    connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', ofThread.size, inbox);
    const { report, receivedAtMs: atMs } = mail;
    if (report !== undefined && sent !== undefined) noteReport(this.#parts, message, { report, sent, atMs });
    else this.#parts.appendEvent(message, receivedDetail(delivery.mailClass), atMs);
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

  #ofThread(
    mail: ReceivedMail,
    { mailClass, trace }: Delivery,
    messageId: string,
    sent: SentMail | undefined,
  ): MailOfThread {
    const { content, raw, receivedAtMs, report } = mail;
    const isHidden = mailClass !== 'received' && sent === undefined;
    const own = ['received', 'unread', ...(isHidden ? [mailClass] : [])];
    const labels = new Set([...(sent && report ? labelsOfReport(report) : own), ...mail.labels]);
    return {
      ...{ messageId, content, isHidden, labels: [...labels], atMs: receivedAtMs },
      size: raw.size + Buffer.byteLength(trace),
      baseSubject: content.subject === undefined || isHidden ? undefined : this.#parts.baseSubject(content.subject),
    };
  }

  /** `sent`: what the mail is a report about, whose thread it joins. */
  #joinedThread(
    inbox: number,
    mail: ReceivedMail,
    delivery: Delivery,
    ofThread: MailOfThread,
    sent: SentMail | undefined,
  ): { readonly thread: number; readonly threadId: string } {
    const { connection, newUuid } = this.#parts;
    const known = sent ?? this.#chosenThread(inbox, mail, delivery, ofThread);
    if (known !== undefined) {
      joinThread(connection, known.thread, 'received', ofThread);
      return known;
    }
    const threadId = newUuid();
    return { thread: beginThread(connection, inbox, { threadId, way: 'received' }, ofThread), threadId };
  }

  #chosenThread(
    inbox: number,
    mail: ReceivedMail,
    { mailClass, isAuthenticated }: Delivery,
    { isHidden }: MailOfThread,
  ) {
    if (isHidden) return undefined;
    const { connection, chooseThread } = this.#parts;
    const { content, labels, receivedAtMs } = mail;
    const isAutomated = labels.includes('automated');
    const mailInThread = { content, mailClass, isAuthenticated, isAutomated, receivedAtMs };
    const threadId = chooseThread(mailInThread, knownThreads(connection, inbox));
    if (threadId === undefined) return undefined;
    const thread = connection.get<{ row: number }>(THREAD_ROW, threadId, inbox)?.row;
    return thread === undefined ? undefined : { thread, threadId };
  }
}

const THREAD_ROW = 'SELECT row FROM thread WHERE thread_id = ? AND inbox = ?';

interface KnownMail {
  readonly row: number;
  readonly inbox: number;
  readonly thread: number;
  readonly at: number;
  readonly message_id: string;
  readonly thread_id: string;
}

/** A mail that the inbox has sent to itself is there already, and says so. */
function receivedToo(connection: Connection, { row, inbox, thread, at }: KnownMail): void {
  const add = `INSERT OR IGNORE INTO message_label (message, label, inbox, at) SELECT message, 'received', ?, ? FROM message_label
    WHERE message = ? AND label = 'sent'`;
  if (connection.run(add, inbox, at, row).changes > 0) countLabel(connection, thread, 'received');
}
