// One received mail becomes rows: once for each inbox that gets it, its octets once for all of them.
import type { NewUuid } from '../../../mesh/uuid.ts';
import { type AppendEvent, receivedDetail } from '../event.ts';
import type { ArchivedMail, ImportedMail } from '../mail-archive.ts';
import { type ChooseThread, type Delivery, MAIL_CLASSES, type ReceivedMail, type StoredDelivery } from '../message.ts';
import { isFull } from '../retention.ts';
import { type BetterCopyParts, releaseByCopy } from './better-copy.ts';
import { MAILS_OF_INBOX, type StoredInbox } from './inbox-rows.ts';
import { hides } from './label-rows.ts';
import type { ListRows } from './list-rows.ts';
import { idsOf, insertMessage } from './message-row.ts';
import { bindReferences, knownThreads } from './references.ts';
import { labelsOfReport, noteReport, type SentMail, sentMailOf } from './report-rows.ts';
import { storedMail, storedThread } from './stored-item.ts';
import { beginThread, joinThread, type MailOfThread, refreshThread } from './thread-rows.ts';
import type { Unsubscriptions } from './unsubscriptions.ts';

export interface MailRowsParts extends BetterCopyParts {
  readonly appendEvent: AppendEvent;
  readonly lists: Pick<ListRows, 'hasAny' | 'keptOut' | 'block'>;
  readonly unsubscriptions: Pick<Unsubscriptions, 'take'>;
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
    const { deliveries, isAllOrNone = false } = mail;
    if (isAllOrNone && deliveries.some(({ inboxId }) => this.#activeRow(inboxId) === undefined))
      return deliveries.map(({ inboxId }) => ({ inboxId, status: 'gone' }));
    return deliveries.map((delivery) => this.#insertFor(mail, delivery));
  }

  /** Keeps a mail of an archive, of which nobody is told. */
  archive(
    inboxId: string,
    { atMs, labels, trace }: ArchivedMail,
    mail: Pick<ReceivedMail, 'raw' | 'digest' | 'content'>,
    nowMs: number,
  ): ImportedMail {
    const { connection } = this.#parts;
    const sql = `SELECT row, used_bytes, quota_bytes, ${MAILS_OF_INBOX} FROM inbox WHERE inbox_id = ? AND state = 'active'`;
    const inbox = connection.get<ArchivingInbox>(sql, inboxId);
    if (inbox === undefined) return { status: 'refused', reason: 'The inbox is gone.' };
    const same = 'SELECT message_id FROM message WHERE inbox = ? AND digest = ?';
    const known = connection.get<{ message_id: string }>(same, inbox.row, mail.digest);
    if (known !== undefined) return { status: 'duplicate', messageId: known.message_id };
    const { used_bytes: usedBytes, mails, quota_bytes: quotaBytes } = inbox;
    if (isFull({ usedBytes, mails, quotaBytes: quotaBytes ?? undefined }))
      return { status: 'refused', reason: 'The inbox is full.' };
    const received: ReceivedMail = { ...mail, labels, receivedAtMs: atMs, deliveries: [] };
    const messageId = this.#messageId(inbox.row, received);
    const mailClass = MAIL_CLASSES.find((one) => one !== 'received' && labels.includes(one)) ?? 'received';
    const ofThread: MailOfThread = {
      ...{ messageId, content: mail.content, isHidden: hides(new Set(labels)), labels, atMs },
      size: mail.raw.size + Buffer.byteLength(trace),
      baseSubject: mail.content.subject === undefined ? undefined : this.#parts.baseSubject(mail.content.subject),
    };
    const delivery: Delivery = { inboxId, trace, mailClass, isAuthenticated: false };
    const isApart = mailClass !== 'received';
    const { thread } = this.#joinedThread(inbox.row, received, delivery, { ...ofThread, isHidden: isApart }, undefined);
    const place = { inbox: inbox.row, thread, messageId };
    const row = insertMessage(connection, place, received, { ...delivery, ...ofThread });
    connection.run('UPDATE message SET updated_at = ? WHERE row = ?', nowMs, row);
    if (!isApart) bindReferences(connection, inbox.row, thread, idsOf(messageId, mail.content));
    // Others of its thread may have come later.
    refreshThread(connection, thread, nowMs);
    connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', ofThread.size, inbox.row);
    return { status: 'stored', messageId };
  }

  #insertFor(mail: ReceivedMail, judged: Delivery): StoredDelivery {
    const { connection } = this.#parts;
    const { inboxId } = judged;
    const inbox = this.#activeRow(inboxId);
    if (inbox === undefined) return { inboxId, status: 'gone' };
    const known = connection.get<KnownMail>(
      `SELECT message.row, message.inbox, message.thread, message.at, message_id, thread_id FROM message
       JOIN thread ON thread.row = message.thread WHERE message.inbox = ? AND digest = ?`,
      inbox,
      mail.digest,
    );
    if (known === undefined) return { inboxId, ...this.#insertNew(inbox, mail, judged) };
    // A mail that the inbox has sent to itself is there already, and says so.
    if (this.#parts.labels.of(known.row).has('sent')) this.#parts.labels.add(known.row, 'received', mail.receivedAtMs);
    if (judged.mailClass === 'received' && !this.#isKeptOut(inbox, mail, judged))
      releaseByCopy(this.#parts, known, { copy: judged, atMs: mail.receivedAtMs });
    return { inboxId, status: 'duplicate', messageId: known.message_id, threadId: known.thread_id };
  }

  #activeRow(inboxId: string): number | undefined {
    const sql = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
    return this.#parts.connection.get<{ row: number }>(sql, inboxId)?.row;
  }

  #insertNew(inbox: number, mail: ReceivedMail, judged: Delivery): Omit<StoredDelivery, 'inboxId'> {
    const { connection, appendEvent } = this.#parts;
    const { report, receivedAtMs: atMs } = mail;
    const messageId = this.#messageId(inbox, mail);
    const sent = sentMailOf(connection, inbox, report, judged);
    const mailClass = sent === undefined && this.#isKeptOut(inbox, mail, judged) ? 'blocked' : judged.mailClass;
    const delivery = { ...judged, mailClass };
    const isUnsubscribing = this.#isUnsubscribing(mail, judged);
    const own = sent !== undefined && report ? labelsOfReport(report) : [isUnsubscribing ? 'unsubscribe' : 'unread'];
    const ofThread = this.#ofThread(mail, { delivery, messageId, isHidden: mailClass !== 'received' && !sent, own });
    const { thread, threadId, isNew } = this.#joinedThread(inbox, mail, delivery, ofThread, sent);
    const message = insertMessage(connection, { inbox, thread, messageId }, mail, { ...delivery, ...ofThread });
    if (!ofThread.isHidden) bindReferences(connection, inbox, thread, idsOf(messageId, mail.content));
    connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', ofThread.size, inbox);
    if (report !== undefined && sent !== undefined) noteReport(this.#parts, message, { report, sent, atMs });
    else if (!isUnsubscribing) {
      const stored = storedMail({ inboxId: judged.inboxId, threadId, messageId }, mail, delivery, ofThread);
      const known = { mail: stored, thread: isNew ? storedThread(stored, mail.content) : undefined };
      appendEvent(message, receivedDetail(mailClass), atMs, known);
    }
    return { status: 'stored', messageId, threadId, mailClass };
  }

  /** Whoever asks for no more mail, with a token that is his, gets none; nobody has to read that. */
  #isUnsubscribing({ content, receivedAtMs }: ReceivedMail, { inboxId, unsubscribeToken: token }: Delivery): boolean {
    const { fromAddress: address } = content;
    if (token === undefined || address === undefined) return false;
    return this.#parts.unsubscriptions.take(token, { inboxId, address }, receivedAtMs);
  }

  /** By the inbox's lists: those for answers where the mail answers one that the inbox has sent, else those for all other mail. */
  #isKeptOut(inbox: number, { content }: ReceivedMail, { inboxId, isAuthenticated }: Delivery): boolean {
    const { connection, lists } = this.#parts;
    if (!lists.hasAny(inboxId)) return false;
    const isAnswer = content.inReplyTo.some((id) => connection.get(SENT, inbox, id) !== undefined);
    const direction = isAnswer ? 'reply' : 'receive';
    return lists.keptOut({ inboxId, direction, address: content.fromAddress, isAuthenticated }) !== undefined;
  }

  /** The header's own, so that the same mail has the same id everywhere; where that is missing or taken, one that a retry has, too. */
  #messageId(inbox: number, { content: { headerId }, digest }: ReceivedMail): string {
    const { connection, hostId } = this.#parts;
    const isTaken = (id: string) =>
      connection.get('SELECT 1 FROM message WHERE inbox = ? AND message_id = ?', inbox, id) !== undefined;
    const end = `@${hostId}.mesh.invalid>`;
    // Such an id is this host's to give: who has a copy of a mail could otherwise take the one that it will get, and keep it out.
    if (headerId !== undefined && !headerId.endsWith(end) && !isTaken(headerId)) return headerId;
    return `<${digest.slice(0, ID_DIGITS)}${end}`;
  }

  #ofThread(
    mail: ReceivedMail,
    said: Pick<MailOfThread, 'messageId' | 'isHidden'> & {
      readonly delivery: Delivery;
      /** Labels beside `received`, the class and those of the mail. */
      readonly own: readonly string[];
    },
  ): MailOfThread {
    const { content, raw, receivedAtMs } = mail;
    const { delivery, messageId, isHidden, own } = said;
    const labels = new Set(['received', ...own, ...(isHidden ? [delivery.mailClass] : []), ...mail.labels]);
    return {
      ...{ messageId, content, isHidden, labels: [...labels], atMs: receivedAtMs },
      size: raw.size + Buffer.byteLength(delivery.trace),
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
  ): { readonly thread: number; readonly threadId: string; readonly isNew: boolean } {
    const { connection, newUuid } = this.#parts;
    const known = sent ?? this.#chosenThread(inbox, mail, delivery, ofThread);
    if (known !== undefined) {
      joinThread(connection, known.thread, 'received', ofThread);
      return { ...known, isNew: false };
    }
    const threadId = newUuid();
    return { thread: beginThread(connection, inbox, { threadId, way: 'received' }, ofThread), threadId, isNew: true };
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

const SENT = `SELECT 1 FROM message WHERE inbox = ? AND message_id = ?
  AND EXISTS (SELECT 1 FROM message_label WHERE message_label.message = message.row AND label = 'sent')`;
const THREAD_ROW = 'SELECT row FROM thread WHERE thread_id = ? AND inbox = ?';

type ArchivingInbox = Pick<StoredInbox, 'row' | 'used_bytes' | 'quota_bytes' | 'mails'>;

interface KnownMail {
  readonly row: number;
  readonly inbox: number;
  readonly thread: number;
  readonly at: number;
  readonly message_id: string;
  readonly thread_id: string;
}
