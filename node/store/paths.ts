// The store's files in the data directory.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeOwnDirectory, refuseForeignFile } from '../machine/own-files.ts';

/** What the node makes there, and what SQLite makes beside it. */
const OURS = /^(?:mesh\.|host-key\.pem)/;
/** So many mails as wait while they come in twice as fast as they leave, and what became of them, fit into all of them. */
const FURTHER_LOG_FILES = [3, 4, 5, 6, 7, 8];

export interface StorePaths {
  readonly directory: string;
  readonly database: string;
  /** Commits that SQLite has not yet moved into the database file. */
  readonly wal: string;
  /** SQLite's shared index of the -wal file. This program makes none. */
  readonly walIndex: string;
  /** Locked while a node runs; the lock dies with its process, the file stays. */
  readonly lock: string;
  /** Tells people which process holds the lock. */
  readonly holder: string;
  /** Says that there was a database here: see marker.ts. */
  readonly marker: string;
  /** How many commits there were: see commit-note.ts. */
  readonly commits: string;
  /** The files of the commit log, of which the first two are always there and the others once they were needed: see commits/. */
  readonly commitLog: readonly [string, string, ...string[]];
  /** How many groups of commits were acknowledged: see commits/acknowledged-note.ts. */
  readonly acknowledged: string;
}

export function pathsIn(directory: string): StorePaths {
  const database = join(directory, 'mesh.sqlite');
  const logFile = (number: number) => join(directory, `mesh.commit-log-${number}`);
  return {
    directory,
    database,
    wal: `${database}-wal`,
    walIndex: `${database}-shm`,
    lock: join(directory, 'mesh.lock'),
    holder: join(directory, 'mesh.holder'),
    marker: join(directory, 'mesh.created'),
    commits: join(directory, 'mesh.commits'),
    commitLog: [logFile(1), logFile(2), ...FURTHER_LOG_FILES.map(logFile)],
    acknowledged: join(directory, 'mesh.acknowledged'),
  };
}

/** Throws `store_failed` when the directory or a file of it is not this user's alone; makes the directory when there is none. */
export function claimDirectory(directory: string): void {
  makeOwnDirectory(directory);
  for (const name of readdirSync(directory)) if (OURS.test(name)) refuseForeignFile(join(directory, name));
}

/** Octets of a file; `undefined` when there is none. */
export function sizeOf(path: string): number | undefined {
  return existsSync(path) ? statSync(path).size : undefined;
}
