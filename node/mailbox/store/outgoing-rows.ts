// Mails on their way out. One is kept whole before anybody is asked to send it; then it becomes a mail of its inbox, and of those inboxes of
// this host that it is for, in one transaction. All of it runs within one, but for what only reads.
import type { AppendEvent } from '../event.ts';
import { brakedUntilMs, TURNS_MS_MAX } from '../loop-brake.ts';
import type { ReceivedMail, StoredDelivery } from '../message.ts';
import type {
  BegunOutgoing,
  FinishedOutgoing,
  KnownOutgoing,
  LeftOutgoing,
  OutgoingDraft,
  OutgoingKey,
  SentIds,
} from '../outgoing-mail.ts';
import { isFull } from '../retention.ts';
import type { Connection } from './database.ts';
import type { DraftRows } from './draft-rows.ts';
import { MAILS_OF_INBOX, type StoredInbox } from './inbox-rows.ts';
import { hides } from './label-rows.ts';
import type { ListRows } from './list-rows.ts';
import { idsOf, insertMessage, keepRaw } from './message-row.ts';
import { bindReferences } from './references.ts';
import { rememberSent } from './sent-drafts.ts';
import { beginThread, joinThread, type MailOfThread } from './thread-rows.ts';

/** Mails of one thread; the next begins a new one. */
const THREAD_MESSAGES_MAX = 1_000;
/** Mails of one correspondent in one thread that are looked at, the newest. */
const TURNS_MAX = 1_000;

/** Mails that a start takes up at once. */
const LEFT_MAX = 20;

/** A mail as it waits to be put into inboxes. */
export interface WaitingMail extends ReceivedMail {
  readonly bcc: readonly string[];
  readonly ownLabels: readonly string[];
  readonly threadId?: string | undefined;
  /** Absent in what an earlier program has written. */
  readonly tracksOpens?: boolean | undefined;
}

export interface OutgoingRowsParts {
  readonly connection: Connection;
  readonly appendEvent: AppendEvent;
  readonly lists: Pick<ListRows, 'keptOut'>;
  readonly baseSubject: (subject: string) => string | undefined;
  readonly newUuid: () => string;
  /** Puts the mail into the inboxes of `deliveries`. */
  readonly deliver: (mail: ReceivedMail) => readonly StoredDelivery[];
  /** One fewer needs the raw mail of this digest; answers it when nobody does and it was a file. */
  readonly unused: (digest: string) => readonly string[];
  readonly drafts: Pick<DraftRows, 'rowInAttempt' | 'erase' | 'fail'>;
}

interface StoredOutgoing {
  readonly row: number;
  readonly id: string;
  readonly inbox: number;
  readonly fingerprint: string | null;
  readonly mail: string | null;
  readonly submission: string | null;
  readonly raw: string | null;
  readonly message_id: string | null;
  readonly thread_id: string | null;
  /** The draft that it is made of. */
  readonly draft: number | null;
}

/** `inboxIds`: those that got it here. `files`: digests of what nobody needs any more. */
export interface FinishedRows {
  readonly sent?: SentIds | undefined;
  readonly inboxIds: readonly string[];
  readonly files: readonly string[];
}

export class OutgoingRows {
  readonly #parts: OutgoingRowsParts;

  constructor(parts: OutgoingRowsParts) {
    this.#parts = parts;
  }

  begin(draft: Omit<OutgoingDraft, 'octets'>, mail: WaitingMail): BegunOutgoing {
    const { connection } = this.#parts;
    const { id, inboxId, key, submission = null, atMs } = draft;
    const sql = "SELECT row FROM inbox WHERE inbox_id = ? AND state = 'active'";
    const inbox = connection.get<{ row: number }>(sql, inboxId)?.row;
    if (inbox === undefined) return { outcome: 'gone' };
    const known = key && this.find(key.hash);
    if (known !== undefined) return { outcome: 'known', known };
    const full = [inboxId, ...draft.localIds].find((one) => this.#isFull(one));
    if (full !== undefined) return { outcome: 'full', inboxId: full };
    const keptIn = this.#keptIn(draft);
    if (keptIn !== undefined) return keptIn;
    const ofDraft = draft.ofDraft && (this.#parts.drafts.rowInAttempt(draft.ofDraft) ?? 'none');
    if (ofDraft === 'none') return { outcome: 'undrafted' };
    const untilMs = this.#brakedUntilMs(draft);
    if (untilMs !== undefined) return { outcome: 'braked', untilMs };
    keepRaw(connection, mail.raw);
    const { content: _, ...raw } = mail.raw;
    connection.run(
      INSERT,
      ...[id, inbox, key?.hash ?? null, key?.fingerprint ?? null, JSON.stringify({ ...mail, raw })],
      ...[submission, raw.digest, ofDraft ?? null, atMs],
    );
    return { outcome: 'begun' };
  }

  find(keyHash: OutgoingKey['hash']): KnownOutgoing | undefined {
    const stored = this.#parts.connection.get<StoredOutgoing>('SELECT * FROM outgoing WHERE key_hash = ?', keyHash);
    return stored && { id: stored.id, fingerprint: stored.fingerprint ?? '', sent: sentIds(stored) };
  }

  /** Whether a mail is in no inbox yet, and goes out: that of an inbox that is being deleted does not. */
  waits(id: string): boolean {
    const sql = `SELECT 1 FROM outgoing JOIN inbox ON inbox.row = outgoing.inbox
      WHERE id = ? AND mail IS NOT NULL AND inbox.state = 'active'`;
    return this.#parts.connection.get(sql, id) !== undefined;
  }

  /** Mails that are in no inbox yet, the oldest first. */
  left(): readonly LeftOutgoing[] {
    const sql = `SELECT id, submission FROM outgoing WHERE mail IS NOT NULL ORDER BY row LIMIT ${LEFT_MAX}`;
    return this.#parts.connection
      .all<StoredOutgoing>(sql)
      .map(({ id, submission }) => ({ id, submission: submission ?? undefined }));
  }

  /** Mails of an inbox of which more may be heard. */
  open(inboxId: string): readonly string[] {
    const sql = `SELECT id FROM outgoing WHERE ended_at IS NULL AND inbox = (SELECT row FROM inbox WHERE inbox_id = ?)`;
    return this.#parts.connection.all<{ id: string }>(sql, inboxId).map(({ id }) => id);
  }

  /** Puts the mail into its inboxes, once; nothing is sent when it is not there any more, or its draft is kept because it was rejected. */
  finish({ id, rejected, atMs }: FinishedOutgoing): FinishedRows {
    const { connection, drafts, unused } = this.#parts;
    const stored = connection.get<StoredOutgoing>('SELECT * FROM outgoing WHERE id = ?', id);
    if (stored?.mail === null || stored === undefined)
      return { sent: stored && sentIds(stored), inboxIds: [], files: [] };
    if (rejected !== undefined && stored.draft !== null) {
      drafts.fail(stored.draft, rejected, atMs);
      return { inboxIds: [], files: this.drop(id) };
    }
    const mail = JSON.parse(stored.mail) as WaitingMail;
    const { message, sent } = this.#insertSent(stored.inbox, mail, rejected !== undefined);
    if (mail.tracksOpens) connection.run('INSERT INTO tracked_mail (id, message) VALUES (?, ?)', id, message);
    if (rejected !== undefined) this.#parts.appendEvent(message, { type: 'message.rejected', reason: rejected }, atMs);
    else this.#deliver(message, mail, { atMs, isLocal: stored.submission === null });
    const isEnded = rejected !== undefined || stored.submission === null;
    const sql = `UPDATE outgoing SET mail = NULL, submission = NULL, raw = NULL, message = ?, message_id = ?, thread_id = ?, ended_at = ?
      WHERE row = ?`;
    connection.run(sql, message, sent.messageId, sent.threadId, isEnded ? atMs : null, stored.row);
    // The row of the mail needs it from now on, in the place of this one.
    unused(mail.raw.digest);
    if (stored.draft !== null) rememberSent(connection, { draft: stored.draft, outgoing: stored.row, atMs });
    const files = stored.draft === null ? [] : drafts.erase(stored.draft);
    return { sent, files, inboxIds: rejected === undefined ? mail.deliveries.map(({ inboxId }) => inboxId) : [] };
  }

  /**
   * A mail that comes back before it lies in its inbox, as by a list that its sender is on. Nobody has its id but who got it, so it went out, and
   * is put there first: else what comes back would take its place. `undefined`: it is none of those.
   */
  finishEchoed(headerId: string | undefined, atMs: number): FinishedRows | undefined {
    const id = /^<([0-9a-f-]{36})@/.exec(headerId ?? '')?.[1];
    return id !== undefined && this.waits(id) ? this.finish({ id, atMs }) : undefined;
  }

  /** Forgets a mail that did not go out, as if it had never been asked for. Digests of raw mails that nobody needs any more. */
  drop(id: string): readonly string[] {
    const sql = 'DELETE FROM outgoing WHERE id = ? AND mail IS NOT NULL RETURNING raw';
    const raw = this.#parts.connection.get<{ raw: string }>(sql, id)?.raw;
    return raw === undefined ? [] : this.#parts.unused(raw);
  }

  #keptIn({ inboxId, recipients }: Omit<OutgoingDraft, 'octets'>): BegunOutgoing | undefined {
    for (const address of recipients) {
      const by = this.#parts.lists.keptOut({ inboxId, direction: 'send', address, isAuthenticated: true });
      if (by !== undefined) return { outcome: 'kept-in', address, by };
    }
    return undefined;
  }

  #isFull(inboxId: string): boolean {
    const sql = `SELECT used_bytes, quota_bytes, ${MAILS_OF_INBOX} FROM inbox WHERE inbox_id = ?`;
    const found = this.#parts.connection.get<Pick<StoredInbox, 'used_bytes' | 'quota_bytes' | 'mails'>>(sql, inboxId);
    if (found === undefined) return false;
    const { used_bytes: usedBytes, mails, quota_bytes: quotaBytes } = found;
    return isFull({ usedBytes, mails, quotaBytes: quotaBytes ?? undefined });
  }

  #insertSent(inbox: number, mail: WaitingMail, isRejected: boolean) {
    const { connection, baseSubject } = this.#parts;
    const { ownLabels, bcc, receivedAtMs: atMs } = mail;
    const content = { ...mail.content, bcc };
    const messageId = content.headerId;
    if (messageId === undefined) throw new Error('A mail was composed without a Message-ID.');
    const labels = new Set([
      ...(isRejected ? ['rejected'] : ['sent', ...mail.deliveries.map(({ inboxId }) => this.#fateOf(inboxId))]),
      ...ownLabels,
    ]);
    const ofThread: MailOfThread = {
      ...{ messageId, content, isHidden: hides(labels), atMs, size: mail.raw.size, labels: [...labels] },
      baseSubject: content.subject === undefined ? undefined : baseSubject(content.subject),
    };
    const { thread, threadId } = this.#joinedThread(inbox, mail.threadId, ofThread);
    const place = { inbox, thread, messageId };
    const message = insertMessage(connection, place, { ...mail, content }, { ...ofThread, trace: '' });
    bindReferences(connection, inbox, thread, idsOf(messageId, content));
    connection.run('UPDATE inbox SET used_bytes = used_bytes + ? WHERE row = ?', ofThread.size, inbox);
    return { message, sent: { messageId, threadId } };
  }

  /** What becomes of the mail at an inbox of this host, which may have been deleted since the mail was written down. */
  #fateOf(inboxId: string): 'delivered' | 'bounced' {
    const sql = "SELECT 1 FROM inbox WHERE inbox_id = ? AND state = 'active'";
    return this.#parts.connection.get(sql, inboxId) === undefined ? 'bounced' : 'delivered';
  }

  #joinedThread(inbox: number, answered: string | undefined, ofThread: MailOfThread) {
    const { connection, newUuid } = this.#parts;
    const sql = `SELECT row FROM thread WHERE thread_id = ? AND inbox = ?
      AND (SELECT count(*) FROM message WHERE message.thread = thread.row) < ?`;
    const known =
      answered === undefined
        ? undefined
        : connection.get<{ row: number }>(sql, answered, inbox, THREAD_MESSAGES_MAX)?.row;
    if (known !== undefined && answered !== undefined) {
      joinThread(connection, known, 'sent', ofThread);
      return { thread: known, threadId: answered };
    }
    const threadId = newUuid();
    return { thread: beginThread(connection, inbox, { threadId, way: 'sent' }, ofThread), threadId };
  }

  /** Puts it into the inboxes of this host that it is for, in the same transaction: nobody has to be asked whether it arrived. */
  #deliver(message: number, mail: WaitingMail, { atMs, isLocal }: { atMs: number; isLocal: boolean }): void {
    const { appendEvent, deliver } = this.#parts;
    if (mail.deliveries.length === 0) return;
    const stored = deliver(mail);
    const of = (isGone: boolean) => stored.filter(({ status }) => (status === 'gone') === isGone);
    const [arrived, gone] = [of(false).map(({ inboxId }) => inboxId), of(true).map(({ inboxId }) => inboxId)];
    if (isLocal) appendEvent(message, { type: 'message.sent', recipients: stored.map(({ inboxId }) => inboxId) }, atMs);
    if (arrived.length > 0) appendEvent(message, { type: 'message.delivered', recipients: arrived }, atMs);
    if (gone.length === 0) return;
    const recipients = gone.map((address) => ({ address, status: '5.1.1' }));
    const detail = { bounceType: 'Permanent', subType: 'NoEmail', recipients } as const;
    appendEvent(message, { type: 'message.bounced', ...detail }, atMs);
  }

  #brakedUntilMs({ inboxId, threadId, correspondents, atMs }: Omit<OutgoingDraft, 'octets'>): number | undefined {
    if (threadId === undefined) return undefined;
    const untils = correspondents.flatMap((address) => {
      const turns = this.#parts.connection
        .all<{ at: number; is_sent: number }>(TURNS, threadId, inboxId, atMs - TURNS_MS_MAX, address, TURNS_MAX)
        .map(({ at, is_sent }) => ({ atMs: at, isSent: is_sent === 1 }));
      return brakedUntilMs(turns.reverse(), atMs) ?? [];
    });
    return untils.length === 0 ? undefined : Math.max(...untils);
  }
}

function sentIds({ message_id: messageId, thread_id: threadId }: StoredOutgoing): SentIds | undefined {
  return messageId === null || threadId === null ? undefined : { messageId, threadId };
}

const INSERT = `INSERT INTO outgoing (id, inbox, key_hash, fingerprint, mail, submission, raw, draft,
  begun_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
/**
 * What came in a thread, and what was sent there to one correspondent; the newest first. Whoever wrote counts: a program may name another
 * address for its answers (Reply-To), or another sender each time.
 */
const TURNS = `SELECT message.at, is_sent FROM (
    SELECT message.row, message.at, message.to_text, EXISTS (
      SELECT 1 FROM message_label WHERE message_label.message = message.row AND label = 'sent') AS is_sent
    FROM message JOIN thread ON thread.row = message.thread JOIN inbox ON inbox.row = message.inbox
    WHERE thread.thread_id = ? AND inbox.inbox_id = ? AND message.at >= ?) AS message
  WHERE is_sent = 0 OR instr(lower(to_text), ?) > 0
  ORDER BY message.at DESC, message.row DESC LIMIT ?`;
