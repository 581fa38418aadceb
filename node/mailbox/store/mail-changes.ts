// Labels that change, and mails that are deleted: of one mail, or of all mails of a thread, in one transaction. All of it runs within one.
import type { LabelChange, LabelOutcome, MailsMeant } from '../label.ts';
import { LABELS_MAX } from '../label.ts';
import type { Connection } from './database.ts';
import type { LabelledMail, LabelRows } from './label-rows.ts';
import { refreshThread } from './thread-rows.ts';

/** Mails of a thread that is changed as a whole. */
const THREAD_MAILS_MAX = 100;

interface Meant extends LabelledMail {
  readonly raw: string;
  readonly size: number;
}

export class MailChanges {
  readonly #connection: Connection;
  readonly #labels: LabelRows;
  /** One fewer needs the raw mail of this digest; answers it when nobody does and it was a file. */
  readonly #unused: (digest: string) => readonly string[];

  constructor(connection: Connection, labels: LabelRows, unused: (digest: string) => readonly string[]) {
    this.#connection = connection;
    this.#labels = labels;
    this.#unused = unused;
  }

  change(meant: MailsMeant, change: LabelChange): LabelOutcome {
    const mails = this.#meant(meant);
    const first = mails[0];
    if (first === undefined) return { outcome: 'gone' };
    if (mails.length > THREAD_MAILS_MAX) return { outcome: 'large' };
    const wanted = mails.map((mail) => ({ mail, before: this.#labels.of(mail.row) }));
    if (!wanted.every(({ before }) => isAsRequired(before, change))) return { outcome: 'differs' };
    const changed = wanted.map(({ mail, before }) => ({ mail, before, after: labelsAfter(before, change) }));
    if (changed.some(({ after }) => after.size > LABELS_MAX)) return { outcome: 'many' };
    for (const { mail, before, after } of changed) this.#labels.put(mail, before, after, change.atMs);
    refreshThread(this.#connection, first.thread, change.atMs);
    return { outcome: 'done', labels: [...new Set(changed.flatMap(({ after }) => [...after]))].sort() };
  }

  /** Deletes the mails. `files`: digests of raw mails that nobody needs any more. */
  remove(
    meant: MailsMeant,
    atMs: number,
  ): { readonly outcome: LabelOutcome['outcome']; readonly files: readonly string[] } {
    const mails = this.#meant(meant);
    const first = mails[0];
    if (first === undefined) return { outcome: 'gone', files: [] };
    if (mails.length > THREAD_MAILS_MAX) return { outcome: 'large', files: [] };
    for (const mail of mails) {
      this.#labels.put(mail, this.#labels.of(mail.row), new Set(), atMs);
      this.#connection.run('DELETE FROM message WHERE row = ?', mail.row);
      this.#connection.run('UPDATE inbox SET used_bytes = used_bytes - ? WHERE row = ?', mail.size, mail.inbox);
    }
    refreshThread(this.#connection, first.thread, atMs);
    return { outcome: 'done', files: mails.flatMap(({ raw }) => this.#unused(raw)) };
  }

  /** The inbox of a mail or a thread; none when there is no such thread. */
  inboxOf(meant: MailsMeant): readonly string[] {
    if (meant.inboxId !== undefined) return [meant.inboxId];
    const sql = 'SELECT inbox_id FROM thread JOIN inbox ON inbox.row = thread.inbox WHERE thread_id = ?';
    const found = 'threadId' in meant ? this.#connection.all<{ inbox_id: string }>(sql, meant.threadId) : [];
    return found.map(({ inbox_id }) => inbox_id);
  }

  /** One more than may be changed at once, at most. */
  #meant(meant: MailsMeant): readonly Meant[] {
    const { inboxId } = meant;
    const [where, value] =
      'messageId' in meant ? ['message.message_id = ?', meant.messageId] : ['thread.thread_id = ?', meant.threadId];
    return this.#connection.all<Meant>(
      `SELECT message.row, message.inbox, message.thread, message.raw, message.size, message.at FROM message
       JOIN inbox ON inbox.row = message.inbox JOIN thread ON thread.row = message.thread
       WHERE inbox.state = 'active' AND ${where} ${inboxId === undefined ? '' : 'AND inbox.inbox_id = ?'} LIMIT ?`,
      ...[value, ...(inboxId === undefined ? [] : [inboxId]), THREAD_MAILS_MAX + 1],
    );
  }
}

function isAsRequired(labels: ReadonlySet<string>, { required, excluded }: LabelChange): boolean {
  return required.every((label) => labels.has(label)) && !excluded.some((label) => labels.has(label));
}

function labelsAfter(before: ReadonlySet<string>, { add, remove }: LabelChange): ReadonlySet<string> {
  return new Set([...before, ...add]).difference(new Set(remove));
}
