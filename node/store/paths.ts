// The store's files in the data directory, and the small rites that make a new file survive a power cut.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface StorePaths {
  readonly directory: string;
  readonly database: string;
  /** Commits that SQLite has not yet moved into the database file. */
  readonly wal: string;
  /** SQLite's index of the former, when it is shared; we leave none. */
  readonly walIndex: string;
  /** Locked while a node runs; the lock dies with its process, the file stays. */
  readonly lock: string;
  /** Who holds the lock, for people. */
  readonly holder: string;
  /** Says that there was a database here: see marker.ts. */
  readonly marker: string;
  /** How many commits there were: see commit-note.ts. */
  readonly commits: string;
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
  };
}

/**
 * Makes the directory and those above it, readable by their owner only, and their entries durable. An existing one is left as
 * it is. One by one, for Node's own `recursive` never returns below /proc.
 */
export function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (existsSync(path)) return;
  const parent = dirname(path);
  makeDirectory(parent);
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    // Another node made it at the same moment; the lock decides between the two.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  syncPath(parent);
}

/** An empty file that only its owner reads. Throws `EEXIST` when there is one. */
export function makeFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o600));
}

/** Puts a whole file there durably: after a power cut it is there entirely or not at all. */
export function writeFileDurably(path: string, text: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncPath(dirname(path));
}

/** Makes a file's content, or a directory's entries, durable. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Octets of a file; `undefined` when there is none. */
export function sizeOf(path: string): number | undefined {
  return existsSync(path) ? statSync(path).size : undefined;
}
