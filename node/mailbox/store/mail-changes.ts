// Labels that change, and mails that are deleted: of one mail, or of all mails of a thread, in one transaction. All of it runs within one.
import type { LabelChange, LabelOutcome, MailsMeant } from '../label.ts';
import { LABELS_MAX } from '../label.ts';
import type { Connection } from './database.ts';
import type { LabelEvents } from './label-events.ts';
import { refreshThread } from './thread-rows.ts';

/** Mails of a thread that is changed as a whole. */
const THREAD_MAILS_MAX = 100;

interface Meant {
  readonly row: number;
  readonly inbox: number;
  readonly thread: number;
  readonly raw: string;
  readonly size: number;
  readonly at: number;
}

export class MailChanges {
  readonly #connection: Connection;
  readonly #labelEvents: Pick<LabelEvents, 'append'>;
  /** One fewer needs the raw mail of this digest; answers it when nobody does and it was a file. */
  readonly #unused: (digest: string) => readonly string[];

  constructor(
    connection: Connection,
    labelEvents: Pick<LabelEvents, 'append'>,
    unused: (digest: string) => readonly string[],
  ) {
    this.#connection = connection;
    this.#labelEvents = labelEvents;
    this.#unused = unused;
  }

  change(meant: MailsMeant, change: LabelChange): LabelOutcome {
    const mails = this.#meant(meant);
    const first = mails[0];
    if (first === undefined) return { outcome: 'gone' };
    if (mails.length > THREAD_MAILS_MAX) return { outcome: 'large' };
    const wanted = mails.map((mail) => ({ mail, before: this.#labelsOf(mail.row) }));
    if (!wanted.every(({ before }) => isAsRequired(before, change))) return { outcome: 'differs' };
    const changed = wanted.map(({ mail, before }) => ({ mail, before, after: labelsAfter(before, change) }));
    if (changed.some(({ after }) => after.size > LABELS_MAX)) return { outcome: 'many' };
    for (const { mail, before, after } of changed) this.#put(mail, before, after, change.atMs);
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
      this.#put(mail, this.#labelsOf(mail.row), new Set(), atMs);
      this.#connection.run('DELETE FROM message WHERE row = ?', mail.row);
      this.#connection.run('UPDATE inbox SET used_bytes = used_bytes - ? WHERE row = ?', mail.size, mail.inbox);
    }
    refreshThread(this.#connection, first.thread, atMs);
    return { outcome: 'done', files: mails.flatMap(({ raw }) => this.#unused(raw)) };
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

  #labelsOf(message: number): ReadonlySet<string> {
    const rows = this.#connection.all<{ label: string }>('SELECT label FROM message_label WHERE message = ?', message);
    return new Set(rows.map(({ label }) => label));
  }

  #put({ row, inbox, thread, at }: Meant, before: ReadonlySet<string>, after: ReadonlySet<string>, atMs: number): void {
    const connection = this.#connection;
    for (const label of after.difference(before)) {
      const add = 'INSERT INTO message_label (message, label, inbox, at) VALUES (?, ?, ?, ?)';
      connection.run(add, row, label, inbox, at);
      const count = `INSERT INTO thread_label (thread, label, messages) VALUES (?, ?, 1)
        ON CONFLICT (thread, label) DO UPDATE SET messages = messages + 1`;
      connection.run(count, thread, label);
      this.#labelEvents.append({ inbox, message: row, label, isAdded: true, atMs });
    }
    for (const label of before.difference(after)) {
      connection.run('DELETE FROM message_label WHERE message = ? AND label = ?', row, label);
      connection.run('UPDATE thread_label SET messages = messages - 1 WHERE thread = ? AND label = ?', thread, label);
      connection.run('DELETE FROM thread_label WHERE thread = ? AND label = ? AND messages = 0', thread, label);
      this.#labelEvents.append({ inbox, message: row, label, isAdded: false, atMs });
    }
    const isHidden = ['trash', 'spam', 'blocked', 'unauthenticated'].some((label) => after.has(label));
    connection.run('UPDATE message SET hidden = ?, updated_at = ? WHERE row = ?', Number(isHidden), atMs, row);
  }
}

function isAsRequired(labels: ReadonlySet<string>, { required, excluded }: LabelChange): boolean {
  return required.every((label) => labels.has(label)) && !excluded.some((label) => labels.has(label));
}

function labelsAfter(before: ReadonlySet<string>, { add, remove }: LabelChange): ReadonlySet<string> {
  return new Set([...before, ...add]).difference(new Set(remove));
}
