// Reads records from an open database, each held against its checksum: what does not fit is damage, never an empty answer. To a reader the two
// tables of records are one.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { isOfLog, LOG_RANGES, tablesOf } from './log-keys.ts';
import { compareKeys } from './record.ts';
import { damaged } from './refusals.ts';

/** The checksum beside a record: CRC-32 of the UTF-8 octets of its key and then its text. */
export function checksum(key: string, text: string): number {
  // At once: two calls take twice as long, and a start makes one for each record.
  return crc32(key + text);
}

export class RecordReader {
  readonly #file: string;
  readonly #one: { readonly records: StatementSync; readonly log: StatementSync };
  readonly #range: { readonly records: StatementSync; readonly log: StatementSync; readonly both: StatementSync };
  readonly #last: StatementSync;

  /** `file`: how its sentences name the database. `logTable`: which table the records of the change log are in. */
  constructor(database: DatabaseSync, file: string, logTable: 'log' | 'records') {
    const prepare = (sql: string) => {
      const statement = database.prepare(sql);
      statement.setReturnArrays(true);
      return statement;
    };
    const one = (table: string) => prepare(`SELECT key, value, sum FROM ${table} WHERE key = ?`);
    const range = (table: string) => `SELECT key, value, sum FROM ${table} WHERE key >= ?1 AND key < CAST(?2 AS TEXT)`;
    const page = (rows: string) => prepare(`${rows} ORDER BY key LIMIT ?3`);
    const [records, log] = [range('records'), range(logTable)];
    this.#file = file;
    this.#one = { records: one('records'), log: one(logTable) };
    this.#range = {
      records: page(records),
      log: page(log),
      both: page(logTable === 'records' ? records : `${records} UNION ALL ${log}`),
    };
    this.#last = prepare(`${log} ORDER BY key DESC LIMIT 1`);
  }

  /** The JSON text of one key; `undefined` when there is none. */
  read(key: string): string | undefined {
    const row = this.#one[isOfLog(key) ? 'log' : 'records'].get(key) as unknown[] | undefined;
    return row && this.#verified(row)[1];
  }

  /** Up to `limit` records whose key begins with `prefix` and is greater than `after`, in key order: key, text, key, text, … */
  page(prefix: string, after: string, limit: number): string[] {
    // The next key that could stand behind `after` is `after` and a zero octet.
    const from = compareKeys(after, prefix) < 0 ? prefix : `${after}\0`;
    const rows = this.#range[tablesOf(prefix)].all(
      after === '' ? prefix : from,
      endOf(prefix),
      limit,
    ) as unknown as unknown[][];
    const page: string[] = [];
    for (const row of rows) page.push(...this.#verified(row));
    return page;
  }

  /** Throws `store_failed` when an end of the change log can't be read: what is between is checked when it is. */
  checkLogEnds(): void {
    for (const { from, to } of LOG_RANGES)
      for (const row of [this.#range.log.get(from, to, 1), this.#last.get(from, to)])
        if (row !== undefined) this.#verified(row as unknown as unknown[]);
  }

  #verified([key, text, sum]: readonly unknown[]): [key: string, text: string] {
    if (typeof key !== 'string' || typeof text !== 'string' || sum !== checksum(key, text)) {
      throw damaged(this.#file, `its record '${String(key).slice(0, 100)}' does not fit its checksum`);
    }
    return [key, text];
  }
}

/** The first octets greater than all that begin with `prefix`: UTF-8 has no octet 0xff, so adding one to the last never carries. */
function endOf(prefix: string): Uint8Array {
  const octets = Buffer.from(prefix === '' ? '\u{10ffff}' : prefix);
  octets[octets.length - 1] = prefix === '' ? 0xff : (octets.at(-1) ?? 0) + 1;
  return octets;
}
