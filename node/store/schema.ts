// The database file's form: its stamps, its three tables, and how a new one comes to be.
import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { makeFile, syncPath } from '../machine/own-files.ts';
import type { StorePaths } from './paths.ts';

/** `AEM1`: says in the file's header that it is ours. */
export const APPLICATION_ID = 0x41454d31;
/**
 * The version of the form. It rises when an older program could no longer read the file rightly: one of version 1 knows no commit log, one of
 * version 2 no table for the change log, one of version 3 no more than two files of the commit log.
 */
export const FORMAT_VERSION = 4;
/** The first version with a table for the change log. */
export const FORMAT_WITH_LOG_TABLE = 3;
/** Versions that this program reads; with the first commit they become the newest (migration.ts). */
export const FORMATS_READ: readonly number[] = [1, 2, 3, FORMAT_VERSION];

export const SET_ROUND = "INSERT OR REPLACE INTO notes (name, text) VALUES ('round', ?)";
export const GET_ROUND = "SELECT text FROM notes WHERE name = 'round'";
export const SET_COMMITS = "INSERT OR REPLACE INTO notes (name, text) VALUES ('commits', ?)";
export const GET_COMMITS = "SELECT text FROM notes WHERE name = 'commits'";
export const SET_LOG = "INSERT OR REPLACE INTO notes (name, text) VALUES ('commit log', ?)";
export const GET_LOG = "SELECT text FROM notes WHERE name = 'commit log'";

/** The mark of a copy that is no database of a node (record-copy.ts): `AEMB`, and the version of its form. */
export const COPY_ID = 0x41454d42;
/** The form of a copy (a backup), counted apart from the form of the database. */
export const COPY_VERSION = 1;

const TABLES = `
  ${recordTable('records')}; ${recordTable('log')};
  CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** A table of records. Ordering keys by their octets is SQLite's BINARY collation, the default. */
export function recordTable(name: 'records' | 'log'): string {
  return `CREATE TABLE ${name} (key TEXT PRIMARY KEY, value TEXT NOT NULL, sum INTEGER NOT NULL) STRICT, WITHOUT ROWID`;
}

/** Makes an empty database beside its place and moves it there when it is whole and durable. The directory must be locked. */
export function createDatabase(paths: StorePaths): void {
  const draft = `${paths.database}.new`;
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${draft}${suffix}`, { force: true });
  makeFile(draft);
  const database = new DatabaseSync(draft);
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec(
      `BEGIN; ${TABLES}; PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT_VERSION}`,
    );
    database.prepare(SET_ROUND).run('0');
    database.exec('COMMIT');
  } finally {
    database.close();
  }
  syncPath(draft);
  renameSync(draft, paths.database);
  syncPath(paths.directory);
}

/** Makes an empty copy, for one who writes it in one go and takes it for nothing before that: it outlives no power cut. */
export function createCopy(file: string): DatabaseSync {
  makeFile(file);
  const copy = new DatabaseSync(file);
  copy.exec(`
    PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
    PRAGMA application_id = ${COPY_ID}; PRAGMA user_version = ${COPY_VERSION}; ${recordTable('records')}
  `);
  return copy;
}
