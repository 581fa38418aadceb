// The store's files in the data directory.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeOwnDirectory, refuseForeignFile } from '../machine/own-files.ts';

/** What the node makes there, and what SQLite makes beside it. */
const OURS = /^(?:mesh\.|host-key\.pem)/;

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
  /** The two files of the commit log: see commits/. */
  readonly commitLog: readonly [string, string];
  /** How many groups of commits were acknowledged: see commits/acknowledged-note.ts. */
  readonly acknowledged: string;
}

export function pathsIn(directory: string): StorePaths {
  const database = join(directory, 'mesh.sqlite');
  return {
    directory,
    database,
    wal: `${database}-wal`,
    walIndex: `${database}-shm`,
    lock: join(directory, 'mesh.lock'),
    holder: join(directory, 'mesh.holder'),
    marker: join(directory, 'mesh.created'),
    commits: join(directory, 'mesh.commits'),
    commitLog: [join(directory, 'mesh.commit-log-1'), join(directory, 'mesh.commit-log-2')],
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
