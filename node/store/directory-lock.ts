// One node per data directory: a lock of the operating system, taken by SQLite on an empty file of its own, so that it dies
// with the process that holds it, even under kill -9. It must be held before any other file of the store is opened: closing
// a file that another part of this process has locked would drop that lock (POSIX), and this file nobody else opens.
// It does not promise anything on a network file system that does not lock.
import { readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { makeFile, writeFileDurably } from '../machine/own-files.ts';
import type { StorePaths } from './paths.ts';
import { isBusy, isNotDatabase, refused } from './refusals.ts';

export interface DirectoryLock {
  release(): void;
}

/** Throws `store_failed` when another node holds the directory, saying which process, as far as it is known. */
export function lockDirectory(paths: StorePaths): DirectoryLock {
  try {
    makeFile(paths.lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const lock = new DatabaseSync(paths.lock, { timeout: 0 });
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (isBusy(error)) throw refused(heldSentence(paths), error);
    if (isNotDatabase(error)) {
      throw refused(
        `The lock file ${paths.lock} must be empty and is not. Remove it while no node uses this directory.`,
        error,
      );
    }
    throw error;
  }
  writeFileDurably(paths.holder, `process ${process.pid} on ${hostname()}\n`);
  return {
    release() {
      rmSync(paths.holder, { force: true });
      lock.close();
    },
  };
}

function heldSentence(paths: StorePaths): string {
  return `The data directory ${paths.directory} is in use by another node${holderOf(paths)}. Stop that one, or give this node a directory of its own with --data.`;
}

function holderOf(paths: StorePaths): string {
  try {
    const text = readFileSync(paths.holder, 'utf8').trim().slice(0, 200);
    return text === '' ? '' : ` (${text})`;
  } catch {
    // The note is for people only, and the refusal says what to do without it too.
    return '';
  }
}
