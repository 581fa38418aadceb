// Reads records from an open database, each held against its checksum: what does not fit is damage, never an empty answer.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { compareKeys } from './record.ts';
import { damaged } from './refusals.ts';

/** The checksum beside a record: CRC-32 of the UTF-8 octets of its key and then its text. */
export function checksum(key: string, text: string): number {
  return crc32(text, crc32(key));
}

export class RecordReader {
  readonly #file: string;
  readonly #one: StatementSync;
  readonly #range: StatementSync;

  /** `file`: how its sentences name the database. */
  constructor(database: DatabaseSync, file: string) {
    this.#file = file;
    this.#one = database.prepare('SELECT key, value, sum FROM records WHERE key = ?');
    this.#range = database.prepare(
      'SELECT key, value, sum FROM records WHERE key >= ? AND key < CAST(? AS TEXT) ORDER BY key LIMIT ?',
    );
    this.#one.setReturnArrays(true);
    this.#range.setReturnArrays(true);
  }

  /** The JSON text of one key; `undefined` when there is none. */
  read(key: string): string | undefined {
    const row = this.#one.get(key) as unknown[] | undefined;
    return row && this.#verified(row)[1];
  }

  /** Up to `limit` records whose key begins with `prefix` and is greater than `after`, in key order: key, text, key, text, … */
  page(prefix: string, after: string, limit: number): string[] {
    // The next key that could stand behind `after` is `after` and a zero octet.
    const from = compareKeys(after, prefix) < 0 ? prefix : `${after}\0`;
    const rows = this.#range.all(after === '' ? prefix : from, endOf(prefix), limit) as unknown as unknown[][];
    const page: string[] = [];
    for (const row of rows) page.push(...this.#verified(row));
    return page;
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
