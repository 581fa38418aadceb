// The files of a commit log: two that take turns, more once they are needed, and the note of what was acknowledged. Opened together; the first two
// are made together.
import { damaged } from '../refusals.ts';
import { encodeNote, readNote } from './acknowledged-note.ts';
import { encodeFileHeader, FILE_HEADER_BYTES, readFileHeader } from './file-header.ts';
import { framesIn, seedOf } from './frame.ts';
import type { LogDisk, LogFile, OpenOptions } from './log-disk.ts';

/** Files that are always there. */
const FILES_MIN = 2;

export interface LogPaths {
  /** Paths of all files that there may be, in their order. */
  readonly commitLog: readonly [string, string, ...string[]];
  readonly acknowledged: string;
}

export interface LogFiles {
  /** Files that there are, in the order of their paths. */
  readonly log: readonly LogFile[];
  readonly note: LogFile;
}

export interface LogFilesOptions {
  readonly disk: LogDisk;
  readonly paths: LogPaths;
  /** Octets of each. */
  readonly fileBytes: number;
}

/** Makes the first ones, empty, in place of what a process left that was killed while it did. */
export async function makeLogFiles(options: LogFilesOptions, id: Uint8Array): Promise<LogFiles> {
  const { disk, paths } = options;
  for (let index = 0; index < FILES_MIN; index += 1) await makeLogFile(options, id, index);
  await disk.make(paths.acknowledged, encodeNote(0));
  return openLogFiles(disk, paths);
}

/** Makes the file `index`, which is not there yet, empty. It is durable when this resolves. */
export async function addLogFile(options: LogFilesOptions, id: Uint8Array, index: number): Promise<LogFile> {
  await makeLogFile(options, id, index);
  return openLogFile(options.disk, options.paths.commitLog[index] ?? '');
}

async function makeLogFile({ disk, paths, fileBytes }: LogFilesOptions, id: Uint8Array, index: number): Promise<void> {
  // Written, not only reserved: the file system has nothing left to note when a frame is written over the zeros.
  const octets = Buffer.alloc(fileBytes);
  octets.set(encodeFileHeader(id, index));
  await disk.make(paths.commitLog[index] ?? '', octets);
}

/** Rejects with `store_failed` when one is missing. Of those that are made one by one the last can be missed only by the groups that it had. */
export async function openLogFiles(disk: LogDisk, paths: LogPaths): Promise<LogFiles> {
  await using opened = new AsyncDisposableStack();
  const log: LogFile[] = [];
  for (const [index, path] of paths.commitLog.entries()) {
    const file = await disk.open(path, { isDurable: true });
    if (file === undefined) {
      if (index < FILES_MIN) throw missing(path);
      continue;
    }
    opened.defer(() => file.close());
    if (log.length < index) throw missing(paths.commitLog[log.length] ?? '');
    log.push(file);
  }
  // A process that was killed while it made the last one may have left its name in the system's memory only.
  if (log.length > FILES_MIN) await disk.syncNames(paths.commitLog[0]);
  const note = await openLogFile(disk, paths.acknowledged, {});
  const files = { log, note };
  opened.move();
  return files;
}

async function openLogFile(disk: LogDisk, path: string, options: OpenOptions = { isDurable: true }): Promise<LogFile> {
  const file = await disk.open(path, options);
  if (file === undefined) throw missing(path);
  return file;
}

function missing(path: string): Error {
  return damaged(path, 'it is missing, though there was one');
}

/** Closes one after the other; where one can't be closed, those behind it stay open. */
export async function closeLogFiles({ log, note }: LogFiles): Promise<void> {
  for (const file of [...log, note]) await file.close();
}

/** Octets of each. Rejects with `store_failed` when one of them is of another log, or is cut off. */
export async function readLogFiles(
  { log }: LogFiles,
  { paths, fileBytes }: LogFilesOptions,
  id: Uint8Array,
): Promise<readonly Buffer[]> {
  const read: Buffer[] = [];
  for (const [index, file] of log.entries()) {
    const path = paths.commitLog[index] ?? '';
    const octets = await file.read();
    if (!readFileHeader(octets, index, path).equals(id)) throw damaged(path, 'it belongs to another data directory');
    if (octets.length < fileBytes) throw damaged(path, 'it is cut off');
    read.push(octets);
  }
  return read;
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
