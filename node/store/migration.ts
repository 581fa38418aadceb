// A database of an earlier format becomes one of the newest, in one transaction. The change log gets its own table by taking over the one
// that had everything, and the other records move: so it costs what a start has to read, however long the log is.
import type { DatabaseSync } from 'node:sqlite';
import { LOG_RANGES } from './log-keys.ts';
import { FORMAT_VERSION, FORMAT_WITH_LOG_TABLE, recordTable } from './schema.ts';

/**
 * `from`: the version of its form. Returns when it survives a power cut. Throws what SQLite throws, and then the connection is to be closed: nothing
 * was changed.
 */
export function migrate(connection: DatabaseSync, from: number): void {
  connection.exec('BEGIN IMMEDIATE');
  if (from < FORMAT_WITH_LOG_TABLE) giveLogTable(connection);
  connection.exec(`PRAGMA user_version = ${FORMAT_VERSION}`);
  connection.exec('COMMIT');
}

function giveLogTable(connection: DatabaseSync): void {
  connection.exec('ALTER TABLE records RENAME TO log');
  connection.exec(recordTable('records'));
  for (const { from, to } of rangesBeside()) {
    const within = 'WHERE key >= ? AND key < CAST(? AS TEXT)';
    connection.prepare(`INSERT INTO records SELECT key, value, sum FROM log ${within}`).run(from, to);
    connection.prepare(`DELETE FROM log ${within}`).run(from, to);
  }
}

/** What is before, between and behind the ranges of the log, in order. The octet 0xff is greater than every one of UTF-8. */
function rangesBeside(): readonly { readonly from: string; readonly to: string | Uint8Array }[] {
  const starts = ['', ...LOG_RANGES.map(({ to }) => to)];
  return starts.map((from, at) => ({ from, to: LOG_RANGES[at]?.from ?? Uint8Array.of(0xff) }));
}
