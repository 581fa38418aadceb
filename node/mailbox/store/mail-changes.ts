// Labels that change, and mails that are deleted: of one mail, or of all mails of a thread, in one transaction. All of it runs within one.
import type { SQLInputValue } from 'node:sqlite';
import type { LabelChange, LabelOutcome, LabelOutcomes, LabelsRequired, MailsMeant } from '../label.ts';
import { AT_WORK, LABELS_MAX, QUARANTINE } from '../label.ts';
import type { IntakeQuestions } from '../questions.ts';
import type { MailsNamed } from '../stored-mail.ts';
import type { Connection } from './database.ts';
import type { LabelledMail, LabelRows } from './label-rows.ts';
import { stillOutdated } from './outdated.ts';
import { inboxesWithin } from './scope-condition.ts';
import type { SearchRows } from './search-rows.ts';
import { refreshThread } from './thread-rows.ts';

/** Mails of a thread whose labels are changed as a whole. */
const THREAD_MAILS_MAX = 100;
/** Mails that one transaction erases: the writes that came meanwhile wait for it. */
const ERASED_AT_ONCE_MAX = 100;
/** `LIMIT` of SQLite: all. */
const ALL = -1;

interface Meant extends LabelledMail {
  readonly message_id: string;
  readonly raw: string;
  readonly size: number;
}

interface Changed {
  readonly mail: Meant;
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
}

/** `isMore`: `eraseMarked` is to be called. */
interface Removed {
  readonly outcome: LabelOutcome['outcome'];
  readonly files: readonly string[];
  readonly isMore: boolean;
}

export interface MailChangesParts {
  readonly connection: Connection;
  readonly labels: LabelRows;
  readonly search: Pick<SearchRows, 'forget'>;
  /** One fewer needs the raw mail of this digest; answers it when nobody does and it was a file. */
  readonly unused: (digest: string) => readonly string[];
  /** Called with the row of a mail that lies in quarantine no longer. */
  readonly release: (message: number, atMs: number) => void;
}

export class MailChanges {
  readonly #parts: MailChangesParts;

  constructor(parts: MailChangesParts) {
    this.#parts = parts;
  }

  change(meant: MailsMeant, change: LabelChange): LabelOutcome {
    const mails = this.#meant(meant);
    if (mails.length === 0) return { outcome: 'gone' };
    if (mails.length > THREAD_MAILS_MAX) return { outcome: 'large' };
    const changed = this.#change(mails, change);
    if (typeof changed === 'string') return { outcome: changed };
    return { outcome: 'done', labels: [...new Set(changed.flatMap(({ after }) => [...after]))].sort() };
  }

  /** Changes those of the mails that there are, all or none. */
  changeEach({ inboxId, messageIds }: MailsNamed, change: LabelChange): LabelOutcomes {
    const mails = messageIds.flatMap((messageId) => this.#meant({ inboxId, messageId }));
    const changed = this.#change(mails, change);
    if (typeof changed === 'string') return { outcome: changed };
    const updates = changed.map(({ mail, after }) => ({ messageId: mail.message_id, labels: [...after].sort() }));
    return { outcome: 'done', updates };
  }

  #change(mails: readonly Meant[], change: LabelChange): readonly Changed[] | 'differs' | 'many' | 'leased' {
    const { connection, labels, release } = this.#parts;
    const changed = mails.map((mail): Changed => {
      const before = labels.of(mail.row);
      return { mail, before, after: labelsAfter(before, change) };
    });
    if (!changed.every(({ before }) => isAsRequired(before, change))) return 'differs';
    if (changed.some(({ after }) => after.size > LABELS_MAX)) return 'many';
    if (changed.some(({ mail, before, after }) => before.has(AT_WORK) && !after.has(AT_WORK) && this.#isLeased(mail)))
      return 'leased';
    for (const { mail, before, after } of changed) labels.put(mail, before, after, change.atMs);
    for (const thread of new Set(mails.map((mail) => mail.thread))) refreshThread(connection, thread, change.atMs);
    for (const { mail, before, after } of changed)
      if (isQuarantined(before) && !isQuarantined(after)) release(mail.row, change.atMs);
    return changed;
  }

  /**
   * Deletes the mails; `only` when all of them have their labels so. Where they are many, it is written down that they go, and `eraseMarked`
   * erases them. `files`: digests of raw mails that nobody needs any more.
   */
  remove({ meant, only, atMs }: Parameters<IntakeQuestions['removeMails']>[0]): Removed {
    const mails = this.#meant(meant, ALL);
    if (mails.length === 0) return { outcome: 'gone', files: [], isMore: false };
    if (only !== undefined && !mails.every(({ row }) => isAsRequired(this.#parts.labels.of(row), only)))
      return { outcome: 'differs', files: [], isMore: false };
    if (mails.length <= ERASED_AT_ONCE_MAX) return { outcome: 'done', files: this.#erase(mails, atMs), isMore: false };
    for (const { row } of mails) this.#parts.connection.run('INSERT OR IGNORE INTO erasing VALUES (?)', row);
    return { outcome: 'done', files: [], isMore: true };
  }

  /** Erases some of the mails of which it is written down that they go. */
  eraseMarked(atMs: number): Pick<Removed, 'files' | 'isMore'> {
    const sql = 'SELECT message FROM erasing ORDER BY message LIMIT ?';
    const rows = this.#parts.connection.all<{ message: number }>(sql, ERASED_AT_ONCE_MAX).map(({ message }) => message);
    return { files: this.#eraseRows(rows, atMs), isMore: rows.length === ERASED_AT_ONCE_MAX };
  }

  /** Erases those that were kept long enough; answers digests of raw mails that nobody needs any more. */
  eraseOutdated({ rows, ...outdated }: Parameters<IntakeQuestions['eraseMails']>[0]): readonly string[] {
    return this.#eraseRows(stillOutdated(this.#parts.connection, rows, outdated), outdated.nowMs);
  }

  #eraseRows(rows: readonly number[], atMs: number): readonly string[] {
    const sql = 'SELECT row, inbox, thread, message_id, raw, size, at FROM message WHERE row = ?';
    return this.#erase(
      rows.flatMap((row) => this.#parts.connection.all<Meant>(sql, row)),
      atMs,
    );
  }

  #erase(mails: readonly Meant[], atMs: number): readonly string[] {
    this.#parts.search.forget(mails.map(({ row }) => row));
    for (const mail of mails) {
      this.#parts.labels.put(mail, this.#parts.labels.of(mail.row), new Set(), atMs);
      this.#parts.connection.run('DELETE FROM message WHERE row = ?', mail.row);
      this.#parts.connection.run('UPDATE inbox SET used_bytes = used_bytes - ? WHERE row = ?', mail.size, mail.inbox);
    }
    for (const thread of new Set(mails.map((mail) => mail.thread))) refreshThread(this.#parts.connection, thread, atMs);
    return mails.flatMap(({ raw }) => this.#parts.unused(raw));
  }

  #isLeased({ row }: Meant): boolean {
    const sql = "SELECT 1 FROM lease WHERE message = ? AND state = 'held'";
    return this.#parts.connection.get(sql, row) !== undefined;
  }

  /** The inbox of a mail or a thread; none when there is no such thread. */
  inboxOf(meant: MailsMeant): readonly string[] {
    if (meant.inboxId !== undefined) return [meant.inboxId];
    const sql = 'SELECT inbox_id FROM thread JOIN inbox ON inbox.row = thread.inbox WHERE thread_id = ?';
    const found = 'threadId' in meant ? this.#parts.connection.all<{ inbox_id: string }>(sql, meant.threadId) : [];
    return found.map(({ inbox_id }) => inbox_id);
  }

  /** One more than may be changed at once, unless `limit` says otherwise. */
  #meant(meant: MailsMeant, limit = THREAD_MAILS_MAX + 1): readonly Meant[] {
    const within = inboxesWithin(meant);
    const [where, value] =
      'messageId' in meant ? ['message.message_id = ?', meant.messageId] : ['thread.thread_id = ?', meant.threadId];
    return this.#parts.connection.all<Meant>(
      `SELECT message.row, message.inbox, message.thread, message.message_id, message.raw, message.size, message.at FROM message
       JOIN inbox ON inbox.row = message.inbox JOIN thread ON thread.row = message.thread
       WHERE inbox.state = 'active' AND ${where} ${within.map(({ sql }) => `AND ${sql}`).join(' ')} LIMIT ?`,
      ...[value, ...within.flatMap(({ values }): readonly SQLInputValue[] => values), limit],
    );
  }
}

function isAsRequired(labels: ReadonlySet<string>, { required, excluded }: LabelsRequired): boolean {
  return required.every((label) => labels.has(label)) && !excluded.some((label) => labels.has(label));
}

function labelsAfter(before: ReadonlySet<string>, { add, remove }: LabelChange): ReadonlySet<string> {
  return new Set([...before, ...add]).difference(new Set(remove));
}

function isQuarantined(labels: ReadonlySet<string>): boolean {
  return !labels.isDisjointFrom(QUARANTINE);
}
