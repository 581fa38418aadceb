// The labels of a mail, which its thread counts: the one place that changes them once a mail is stored. All of it runs within a transaction.
import type { Connection } from './database.ts';
import type { LabelEvents } from './label-events.ts';
import { refreshThread } from './thread-rows.ts';

/** A mail whose labels change, by the rows of itself, its inbox and its thread; `at`: when it came. */
export interface LabelledMail {
  readonly row: number;
  readonly inbox: number;
  readonly thread: number;
  readonly at: number;
}

/** Labels with which a mail is held back. */
export const HIDING = ['trash', 'spam', 'blocked', 'unauthenticated'];

export class LabelRows {
  readonly #connection: Connection;
  readonly #events: Pick<LabelEvents, 'append'>;

  constructor(connection: Connection, events: Pick<LabelEvents, 'append'>) {
    this.#connection = connection;
    this.#events = events;
  }

  of(message: number): ReadonlySet<string> {
    const rows = this.#connection.all<{ label: string }>('SELECT label FROM message_label WHERE message = ?', message);
    return new Set(rows.map(({ label }) => label));
  }

  /** Gives the mail of a row one label more; `false`: it has it already, or is gone. */
  add(message: number, label: string, atMs: number): boolean {
    const sql = 'SELECT row, inbox, thread, at FROM message WHERE row = ?';
    const mail = this.#connection.get<LabelledMail>(sql, message);
    const before = this.of(message);
    if (mail === undefined || before.has(label)) return false;
    const after = new Set([...before, label]);
    this.put(mail, before, after, atMs);
    this.settleThread(mail, before, after, atMs);
    return true;
  }

  put(
    { row, inbox, thread, at }: LabelledMail,
    before: ReadonlySet<string>,
    after: ReadonlySet<string>,
    atMs: number,
  ): void {
    const connection = this.#connection;
    for (const label of after.difference(before)) {
      const add = 'INSERT INTO message_label (message, label, inbox, at) VALUES (?, ?, ?, ?)';
      connection.run(add, row, label, inbox, at);
      const count = `INSERT INTO thread_label (thread, label, messages) VALUES (?, ?, 1)
        ON CONFLICT (thread, label) DO UPDATE SET messages = messages + 1`;
      connection.run(count, thread, label);
      this.#events.append({ inbox, message: row, label, isAdded: true, atMs });
    }
    for (const label of before.difference(after)) {
      connection.run('DELETE FROM message_label WHERE message = ? AND label = ?', row, label);
      connection.run('UPDATE thread_label SET messages = messages - 1 WHERE thread = ? AND label = ?', thread, label);
      connection.run('DELETE FROM thread_label WHERE thread = ? AND label = ? AND messages = 0', thread, label);
      this.#events.append({ inbox, message: row, label, isAdded: false, atMs });
    }
    connection.run('UPDATE message SET hidden = ?, updated_at = ? WHERE row = ?', Number(hides(after)), atMs, row);
  }

  /** Makes the thread say again what its mails say, as far as the change of one mail's labels can have changed that. */
  settleThread({ thread }: LabelledMail, before: ReadonlySet<string>, after: ReadonlySet<string>, atMs: number): void {
    if (hides(before) !== hides(after)) refreshThread(this.#connection, thread, atMs);
    else this.#connection.run('UPDATE thread SET updated_at = ? WHERE row = ?', atMs, thread);
  }
}

/** Whether a mail with these labels is in a list only when it is asked for. */
export function hides(labels: ReadonlySet<string>): boolean {
  return HIDING.some((label) => labels.has(label));
}
