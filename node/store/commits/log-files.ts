// The files of a commit log: two that take turns, and the note of what was acknowledged. Opened together, or made together.
import { damaged } from '../refusals.ts';
import { encodeNote, readNote } from './acknowledged-note.ts';
import { encodeFileHeader, FILE_HEADER_BYTES, readFileHeader } from './file-header.ts';
import { framesIn, seedOf } from './frame.ts';
import type { LogDisk, LogFile, OpenOptions } from './log-disk.ts';

export interface LogPaths {
  readonly commitLog: readonly [string, string];
  readonly acknowledged: string;
}

export interface LogFiles {
  readonly log: readonly [LogFile, LogFile];
  readonly note: LogFile;
}

export interface LogFilesOptions {
  readonly disk: LogDisk;
  readonly paths: LogPaths;
  /** Octets of each of the two. */
  readonly fileBytes: number;
}

/** Makes them, empty, in place of what a process left that was killed while it did. */
export async function makeLogFiles({ disk, paths, fileBytes }: LogFilesOptions, id: Uint8Array): Promise<LogFiles> {
  for (const [index, path] of paths.commitLog.entries()) {
    // Written, not only reserved: the file system has nothing left to note when a frame is written over the zeros.
    const octets = Buffer.alloc(fileBytes);
    octets.set(encodeFileHeader(id, index));
    await disk.make(path, octets);
  }
  await disk.make(paths.acknowledged, encodeNote(0));
  return openLogFiles(disk, paths);
}

/** Rejects with `store_failed` when one is missing. */
export async function openLogFiles(disk: LogDisk, paths: LogPaths): Promise<LogFiles> {
  await using opened = new AsyncDisposableStack();
  const open = async (path: string, options?: OpenOptions) => {
    const file = await disk.open(path, options);
    if (file === undefined) throw damaged(path, 'it is missing, though there was one');
    opened.defer(() => file.close());
    return file;
  };
  const [first, second] = paths.commitLog;
  const log = [await open(first, { isDurable: true }), await open(second, { isDurable: true })] as const;
  const files = { log, note: await open(paths.acknowledged) };
  opened.move();
  return files;
}

/** Closes one after the other; where one can't be closed, those behind it stay open. */
export async function closeLogFiles({ log, note }: LogFiles): Promise<void> {
  for (const file of [...log, note]) await file.close();
}

/** Octets of both. Rejects with `store_failed` when one of them is of another log, or is cut off. */
export async function readLogFiles(
  { log }: LogFiles,
  { paths, fileBytes }: LogFilesOptions,
  id: Uint8Array,
): Promise<readonly [Buffer, Buffer]> {
  const read = async (index: 0 | 1) => {
    const path = paths.commitLog[index];
    const octets = await log[index].read();
    if (!readFileHeader(octets, index, path).equals(id)) throw damaged(path, 'it belongs to another data directory');
    if (octets.length < fileBytes) throw damaged(path, 'it is cut off');
    return octets;
  };
  return [await read(0), await read(1)];
}

/** Throws `store_failed` when there are commits beside a database that knows of no log: then it is an older copy of the one that does. */
export async function refuseForgottenCommits(disk: LogDisk, paths: LogPaths, database: string): Promise<void> {
  const forgotten = (path: string) =>
    damaged(database, `it is an older copy, for it knows nothing of the commits in ${path}`);
  for (const [index, path] of paths.commitLog.entries()) {
    const octets = await contentOf(disk, path, (file) => file.read());
    if (octets === undefined) continue;
    const id = readFileHeader(octets, index, path);
    if (framesIn(octets, FILE_HEADER_BYTES, seedOf(id)).length > 0) throw forgotten(path);
  }
  const noted = await contentOf(disk, paths.acknowledged, (file) => readNote(file, paths.acknowledged));
  if ((noted ?? 0) > 0) throw forgotten(paths.acknowledged);
}

async function contentOf<T>(disk: LogDisk, path: string, read: (file: LogFile) => Promise<T>): Promise<T | undefined> {
  const file = await disk.open(path);
  if (file === undefined) return undefined;
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}
