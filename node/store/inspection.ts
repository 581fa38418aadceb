// Looks an existing database over before anything may write it: each file that must be there, and SQLite's own check of every
// page but those of the change log. There may be millions of its entries, so only its ends are read here; the rest is checked when somebody
// asks for it, each record by its checksum and each stretch by its positions. The directory must be locked. Everything is read through a
// connection that can't write, and that stays open until something is written: a node reads all that it keeps before that, each record held
// against its checksum, so that damage found then leaves the files as they were too.
import { closeSync, openSync, readSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { readCommitNote } from './commit-note.ts';
import { readMarker } from './marker.ts';
import { type StorePaths, sizeOf } from './paths.ts';
import { RecordReader } from './record-reader.ts';
import { damaged, explain, isWrongTable, refused } from './refusals.ts';
import {
  APPLICATION_ID,
  FORMAT_VERSION,
  FORMAT_WITH_LOG_TABLE,
  FORMATS_READ,
  GET_COMMITS,
  GET_LOG,
  GET_ROUND,
} from './schema.ts';
import { checkWal } from './wal-check.ts';

/** A database up to this is read through before it is looked over. */
const READ_THROUGH_BYTES_MAX = 512 * 1_024 * 1_024;

/** Octets of SQLite's smallest page. SQLite would take a shorter file for a new database. */
const PAGE_BYTES_MIN = 512;
const READ_BYTES = 1_024 * 1_024;
/** All but that of the change log. With its own table of tables SQLite checks the list of its free pages. */
const TABLES_CHECKED = ['sqlite_schema', 'notes', 'records'];

/** Whether there never was a database here. */
export function isFresh(paths: StorePaths): boolean {
  return [paths.database, paths.wal, paths.marker, paths.commits, paths.acknowledged, ...paths.commitLog].every(
    (path) => sizeOf(path) === undefined,
  );
}

/** A database that was looked over, open for reading. */
export interface Inspected {
  readonly reader: RecordReader;
  /** The version of its form (schema.ts). */
  readonly format: number;
  /** The round that the database has reached (marker.ts). */
  readonly round: number;
  /** How many commits the database has taken (commit-note.ts). */
  readonly commits: number;
  /** What it knows of its commit log (commits/known-log.ts). */
  readonly log: string | undefined;
  /** Closes the connection, and leaves no trace of the reading. */
  close(): void;
}

/** Throws `store_failed` with what is wrong and what can be done. */
export function inspect(paths: StorePaths): Inspected {
  const hadWal = sizeOf(paths.wal) !== undefined;
  const bytes = sizeOf(paths.database);
  if (bytes === undefined) throw damaged(paths.database, 'it is missing, though there was one');
  if (bytes < PAGE_BYTES_MIN) throw damaged(paths.database, bytes === 0 ? 'it is empty' : 'it is cut off');
  const noted = { round: readMarker(paths), commits: readCommitNote(paths) };
  if (hadWal) checkWal(paths.wal);
  const leaveNoTrace = () => {
    // What reading made beside the file, now or in a process that was killed meanwhile. Nobody else can be using it, for we
    // hold the directory's lock.
    rmSync(paths.walIndex, { force: true });
    if (!hadWal && sizeOf(paths.wal) === 0) rmSync(paths.wal);
  };
  let connection: DatabaseSync | undefined;
  try {
    readThrough(paths.database);
    const open = new DatabaseSync(paths.database, { readOnly: true, timeout: 0 });
    connection = open;
    const close = () => {
      open.close();
      leaveNoTrace();
    };
    const found = inspectContent(open, paths, noted);
    const hasLogTable = found.format >= FORMAT_WITH_LOG_TABLE;
    const reader = new RecordReader(open, paths.database, hasLogTable ? 'log' : 'records');
    if (hasLogTable) reader.checkLogEnds();
    return { ...found, reader, close };
  } catch (error) {
    connection?.close();
    leaveNoTrace();
    if (isWrongTable(error)) throw damaged(paths.database, 'its tables are not as this program makes them', error);
    throw explain(error, paths.database);
  }
}

/**
 * Brings the file into the system's memory, from its beginning to its end. SQLite's check goes from page to page as they hang together, and after
 * a boot would wait for the disk at each: of 172 MB ten times as long. Of a large file most is the change log, which is not to be read.
 */
function readThrough(file: string): void {
  if ((sizeOf(file) ?? 0) > READ_THROUGH_BYTES_MAX) return;
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    while (readSync(descriptor, buffer) > 0);
  } finally {
    closeSync(descriptor);
  }
}

function inspectContent(
  database: DatabaseSync,
  paths: StorePaths,
  noted: Pick<Inspected, 'round' | 'commits'>,
): Pick<Inspected, 'round' | 'commits' | 'log' | 'format'> {
  const format = checkStamps(database, paths);
  // Not integrity_check: what it adds is about indexes and constraints that our tables do not have, at four times the cost.
  for (const what of format >= FORMAT_WITH_LOG_TABLE ? TABLES_CHECKED : ['1']) {
    const found = database.prepare(`PRAGMA quick_check(${what})`).get()?.quick_check;
    if (found !== 'ok') throw damaged(paths.database, `SQLite finds: ${String(found).replace(/\s+/g, ' ')}`);
  }
  const round = Number(database.prepare(GET_ROUND).get()?.text ?? Number.NaN);
  if (!Number.isSafeInteger(round)) throw damaged(paths.database, 'it does not say which round it has reached');
  if (round < noted.round) {
    throw damaged(
      paths.wal,
      `it is missing or cut off, or ${paths.database} is an older copy (it has reached round ${round} of ${noted.round}), so the newest commits are gone`,
    );
  }
  const commits = Number(database.prepare(GET_COMMITS).get()?.text ?? 0);
  if (commits < noted.commits) {
    throw damaged(
      paths.wal,
      `it is cut off, or ${paths.database} is an older copy: of ${noted.commits} commits the last ${noted.commits - commits} are gone`,
    );
  }
  const log = database.prepare(GET_LOG).get()?.text?.toString();
  return { commits, round, log, format };
}

/** The version of its form. Throws `store_failed` when it is not a database of this program, or of a newer one. */
function checkStamps(database: DatabaseSync, { database: file, marker }: StorePaths): number {
  const stamp = (name: string) => Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  if (stamp('application_id') !== APPLICATION_ID) {
    if (sizeOf(marker) !== undefined) throw damaged(file, 'it does not bear the stamp of this program');
    throw refused(
      `${file} is a SQLite database, but not one of this program's. Nothing was changed. Give the node another directory with --data.`,
    );
  }
  const version = Number(stamp('user_version'));
  if (!FORMATS_READ.includes(version)) {
    throw refused(
      `${file} has format ${version}, and this program knows format ${FORMAT_VERSION}. Nothing was changed. Start the version of the program that wrote it, or a newer one.`,
    );
  }
  return version;
}
