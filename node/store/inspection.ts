// Looks an existing database over before anything may write it: each file that must be there, SQLite's own check, and every
// record's checksum. It reads through a connection that can't write, so a refusal leaves the files as they were.
// The directory must be locked. 100,000 records of 300 characters take about 0.2 s.
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { PAGE_RECORDS_MAX } from './limits.ts';
import { readMarker } from './marker.ts';
import { type StorePaths, sizeOf } from './paths.ts';
import { RecordReader } from './record-reader.ts';
import { damaged, explain, isWrongTable, refused } from './refusals.ts';
import { APPLICATION_ID, FORMAT_VERSION, GET_ROUND } from './schema.ts';
import { checkWal } from './wal-check.ts';

/** The least that SQLite takes for a page. A shorter file it would take for a new one. */
const PAGE_BYTES_MIN = 512;

/** Whether there never was a database here. */
export function isFresh(paths: StorePaths): boolean {
  return [paths.database, paths.wal, paths.marker].every((path) => sizeOf(path) === undefined);
}

export interface Inspected {
  /** Records, all of them sound. */
  readonly count: number;
  /** The round that the database has reached: see marker.ts. */
  readonly round: number;
}

/** Throws `store_failed` with what is wrong and what can be done. */
export function inspect(paths: StorePaths): Inspected {
  const hadWal = sizeOf(paths.wal) !== undefined;
  const hadIndex = sizeOf(paths.walIndex) !== undefined;
  const bytes = sizeOf(paths.database);
  if (bytes === undefined) throw damaged(paths.database, 'it is missing, though there was one');
  if (bytes < PAGE_BYTES_MIN) throw damaged(paths.database, bytes === 0 ? 'it is empty' : 'it is cut off');
  const roundNoted = readMarker(paths);
  if (hadWal) checkWal(paths.wal);
  try {
    const database = new DatabaseSync(paths.database, { readOnly: true, timeout: 0 });
    try {
      return inspectContent(database, paths, roundNoted);
    } finally {
      database.close();
    }
  } catch (error) {
    if (isWrongTable(error)) throw damaged(paths.database, 'its tables are not as this program makes them', error);
    throw explain(error, paths.database);
  } finally {
    // What reading made beside the file; nobody else can be using it, for we hold the directory's lock.
    if (!hadIndex) rmSync(paths.walIndex, { force: true });
    if (!hadWal && sizeOf(paths.wal) === 0) rmSync(paths.wal);
  }
}

function inspectContent(database: DatabaseSync, paths: StorePaths, roundNoted: number): Inspected {
  checkStamps(database, paths);
  const found = database.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
  if (found !== 'ok') throw damaged(paths.database, `SQLite finds: ${String(found).replace(/\s+/g, ' ')}`);
  const round = Number(database.prepare(GET_ROUND).get()?.text ?? Number.NaN);
  if (!Number.isSafeInteger(round)) throw damaged(paths.database, 'it does not say which round it has reached');
  if (round < roundNoted) {
    throw damaged(
      paths.wal,
      `it is missing or cut off, or ${paths.database} is an older copy (it has reached round ${round} of ${roundNoted}), so the newest commits are gone`,
    );
  }
  return { count: countSound(new RecordReader(database, paths.database)), round };
}

function checkStamps(database: DatabaseSync, { database: file, marker }: StorePaths): void {
  const stamp = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  if (stamp('application_id') !== APPLICATION_ID) {
    if (sizeOf(marker) !== undefined) throw damaged(file, 'it does not bear the stamp of this program');
    throw refused(
      `${file} is a SQLite database, but not one of this program's. Nothing was changed. Give the node another directory with --data.`,
    );
  }
  const version = Number(stamp('user_version'));
  if (version !== FORMAT_VERSION) {
    throw refused(
      `${file} has format ${version}, and this program knows format ${FORMAT_VERSION}. Nothing was changed. Start the version of the program that wrote it, or a newer one.`,
    );
  }
}

function countSound(reader: RecordReader): number {
  let [count, after] = [0, ''];
  for (;;) {
    const page = reader.page('', after, PAGE_RECORDS_MAX);
    count += page.length / 2;
    if (page.length < PAGE_RECORDS_MAX * 2) return count;
    after = page.at(-2) ?? '';
  }
}
