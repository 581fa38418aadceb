// The number of the newest acknowledged group, noted beside the log before anybody is told. A log that has lost its end looks like one that
// a crash left unfinished: here it is seen that groups are missing which were acknowledged. The note is not synced, which would double what
// a commit costs: after a power cut it may lag behind by a few seconds, but it is never ahead of a sound log.
import { damaged } from '../refusals.ts';
import type { LogFile } from './log-disk.ts';

const DIGITS = 16;

/** Always of one length, so that the file is written over in place and never shorter for a moment. */
export function encodeNote(group: number): Buffer {
  return Buffer.from(`${String(group).padStart(DIGITS, '0')}\n`);
}

/** Throws `store_failed` when `path` holds no number. */
export async function readNote(file: LogFile, path: string): Promise<number> {
  const text = (await file.read()).toString('latin1');
  if (!/^\d{16}\n$/.test(text)) throw damaged(path, `it is not a number of ${DIGITS} digits`);
  return Number(text);
}
