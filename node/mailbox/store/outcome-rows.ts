// What became of mails that went out: labels and events of the mails, in the transaction in which it is written down how far the log was
// heard, so that nothing is told twice. All of it runs within one, but for what only reads.
import type { AppendEvent } from '../event.ts';
import { BOUNCE_BLOCK_MS, entryNameOf } from '../list-entry.ts';
import type { HeardOutcomes, SendOutcome } from '../outgoing-mail.ts';
import type { SettledReport } from '../report.ts';
import type { Connection } from './database.ts';
import type { LabelRows } from './label-rows.ts';
import type { ListRows } from './list-rows.ts';
import { settleReport } from './report-rows.ts';

const POSITION = 'send outcomes';
/** Milliseconds for which a key is known after its mail has ended. */
const KEY_MS = 86_400_000;
/** Milliseconds for which a mail can come back; what comes later is not believed (node/send/returned-mail.ts). */
const RETURN_MS_MAX = 15 * 86_400_000;
/** Rows that are looked at in one transaction. */
const SWEPT_AT_ONCE_MAX = 500;

export interface OutcomeRowsParts {
  readonly connection: Connection;
  readonly appendEvent: AppendEvent;
  readonly labels: LabelRows;
  readonly lists: Pick<ListRows, 'block'>;
}

interface StoredOutgoing {
  readonly row: number;
  readonly mail: string | null;
  readonly message: number | null;
}

export class OutcomeRows {
  readonly #parts: OutcomeRowsParts;

  constructor(parts: OutcomeRowsParts) {
    this.#parts = parts;
  }

  /** The place up to which the log was heard; `undefined`: nothing was heard ever. */
  position(): number | undefined {
    const sql = 'SELECT at FROM position WHERE name = ?';
    return this.#parts.connection.get<{ at: number }>(sql, POSITION)?.at;
  }

  /** Answers the place from which it is to be heard again: a mail that is not in its inbox yet is told of later. */
  note({ seq, outcomes }: HeardOutcomes): number {
    const { connection } = this.#parts;
    let heard = seq;
    for (const outcome of outcomes) {
      const sql = 'SELECT row, mail, message FROM outgoing WHERE id = ?';
      const stored = connection.get<StoredOutgoing>(sql, outcome.id);
      if (stored === undefined) continue;
      if (stored.mail !== null) {
        heard = outcome.seq - 1;
        break;
      }
      connection.run('UPDATE outgoing SET ended_at = coalesce(ended_at, ?) WHERE row = ?', outcome.atMs, stored.row);
      if (stored.message !== null) this.#tell(stored.message, outcome);
    }
    connection.run(PUT_POSITION, POSITION, heard);
    return heard;
  }

  /** Tells that a mail which is tracked was opened, the first time. */
  opened({ id, atMs }: { readonly id: string; readonly atMs: number }): void {
    const { connection, appendEvent } = this.#parts;
    const sql = 'DELETE FROM tracked_mail WHERE id = ? RETURNING message';
    const message = connection.get<{ message: number }>(sql, id)?.message;
    if (message === undefined) return;
    this.#parts.labels.add(message, 'opened', atMs);
    appendEvent(message, { type: 'message.opened' }, atMs);
  }

  /** Mails of which no end was heard for long. */
  silent(nowMs: number): readonly string[] {
    const sql = 'SELECT id FROM outgoing WHERE ended_at IS NULL AND mail IS NULL AND begun_at < ? LIMIT ?';
    return this.#parts.connection.all<{ id: string }>(sql, nowMs - KEY_MS, SWEPT_AT_ONCE_MAX).map(({ id }) => id);
  }

  /** Mails that have ended without a word. */
  end({ ids, atMs }: { readonly ids: readonly string[]; readonly atMs: number }): void {
    for (const id of ids) this.#parts.connection.run('UPDATE outgoing SET ended_at = ? WHERE id = ?', atMs, id);
  }

  /** Frees keys of what ended long ago, and forgets what can't come back any more. */
  sweep(nowMs: number): void {
    const { connection } = this.#parts;
    const free = `UPDATE outgoing SET key_hash = NULL, fingerprint = NULL
      WHERE row IN (SELECT row FROM outgoing WHERE key_hash IS NOT NULL AND ended_at < ? LIMIT ?)`;
    connection.run(free, nowMs - KEY_MS, SWEPT_AT_ONCE_MAX);
    const forget = 'DELETE FROM outgoing WHERE row IN (SELECT row FROM outgoing WHERE ended_at < ? LIMIT ?)';
    connection.run(forget, nowMs - RETURN_MS_MAX, SWEPT_AT_ONCE_MAX);
  }

  /** A report of which the send module has heard. */
  settleReport(settled: SettledReport): void {
    settleReport(this.#parts, settled);
  }

  #tell(message: number, { isPermanent, dead, suppressed, atMs, ...outcome }: SendOutcome): void {
    const { appendEvent } = this.#parts;
    const known = { sent: this.#told(message, 'message.sent'), bounced: this.#told(message, 'message.bounced') };
    const sent = outcome.sent.filter((address) => !known.sent.has(address));
    const bounced = outcome.bounced.filter(({ address }) => !known.bounced.has(address));
    for (const address of dead) this.#block(message, address, atMs);
    if (sent.length > 0) appendEvent(message, { type: 'message.sent', recipients: sent }, atMs);
    if (bounced.length > 0) {
      this.#parts.labels.add(message, 'bounced', atMs);
      const bounceType = isPermanent ? 'Permanent' : 'Transient';
      appendEvent(message, { type: 'message.bounced', bounceType, subType: 'General', recipients: bounced }, atMs);
    }
    if (suppressed.length === 0) return;
    this.#parts.labels.add(message, 'rejected', atMs);
    const reason = `This host does not write to ${suppressed.join(', ')}: mail to that address came back, or it has asked for none.`;
    appendEvent(message, { type: 'message.rejected', reason }, atMs);
  }

  /** Recipients of whom that was told before: what a mail has come to says it of all of them each time. */
  #told(message: number, type: 'message.sent' | 'message.bounced'): ReadonlySet<string> {
    const told = this.#parts.connection.all<{ address: string }>(TOLD, message, type);
    return new Set(told.map(({ address }) => address));
  }

  #block(message: number, address: string, atMs: number): void {
    const { connection, lists } = this.#parts;
    const sql = 'SELECT inbox_id FROM message JOIN inbox ON inbox.row = message.inbox WHERE message.row = ?';
    const inboxId = connection.get<{ inbox_id: string }>(sql, message)?.inbox_id;
    const name = entryNameOf(address);
    if (inboxId === undefined || 'fault' in name) return;
    lists.block(inboxId, name, { reason: 'bounced', isReadOnly: true, endsAtMs: atMs + BOUNCE_BLOCK_MS, atMs });
  }
}

const PUT_POSITION = 'INSERT INTO position (name, at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at';
/** Recipients are texts in the one, and objects in the other. */
const TOLD = `SELECT iif(one.type = 'object', one.value ->> 'address', one.value) AS address
  FROM event, json_each(event.payload, iif(event_type = 'message.sent', '$.send.recipients', '$.bounce.recipients')) AS one
  WHERE event.message = ? AND event_type = ?`;
