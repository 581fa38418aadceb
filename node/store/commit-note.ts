// The number of commits that the database has taken, noted beside it after each of them. A -wal that has lost its end looks to SQLite
// like one that a crash left unfinished: here it is seen that commits are missing which were acknowledged. The note is not fsynced,
// which would double what a commit costs: it is written after its commit is durable, so it may lag behind, after a power cut
// by a few seconds, but is never ahead of a sound database.
import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { type StorePaths, sizeOf } from './paths.ts';
import { damaged } from './refusals.ts';

const DIGITS = 16;
const { O_RDWR, O_NOFOLLOW } = constants;

/** How many commits there must be; 0 when none were noted. Throws `store_failed` when the file holds no number. */
export function readCommitNote(paths: StorePaths): number {
  if ((sizeOf(paths.commits) ?? 0) === 0) return 0;
  const text = readFileSync(paths.commits, 'utf8');
  // A power cut can leave this of a file that was made a moment before.
  if (/^\0*$/.test(text)) return 0;
  if (!/^\d{16}\n$/.test(text)) throw damaged(paths.commits, `it is not a number of ${DIGITS} digits`);
  return Number(text);
}

export class CommitNote {
  readonly #file: number;

  /** The number always has one length and is written over in place, so the file is never shorter for a moment. */
  constructor({ commits }: StorePaths) {
    this.#file = openSync(commits, sizeOf(commits) === undefined ? 'wx+' : O_RDWR | O_NOFOLLOW, 0o600);
  }

  write(count: number): void {
    writeSync(this.#file, `${String(count).padStart(DIGITS, '0')}\n`, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}
