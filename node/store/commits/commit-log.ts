// The commit log: where commits become durable, in one write and one sync a group, before the database has them. Opening it changes nothing;
// a directory that has none, be it new or of the version before, gets one with its first commit.
// What it promises of damage: an acknowledged group that the database has not taken is there whole, or opening is refused.

import { basename } from 'node:path';
import type { RecordText } from '../record.ts';
import { damaged, explain, explainInUse } from '../refusals.ts';
import { readNote } from './acknowledged-note.ts';
import { FILE_HEADER_BYTES } from './file-header.ts';
import { NO_MARK } from './frame.ts';
import type { DatabaseBehind, KnownLog } from './known-log.ts';
import { type LogContent, readLogContent } from './log-content.ts';
import {
  closeLogFiles,
  type LogFiles,
  type LogFilesOptions,
  type LogPaths,
  makeLogFiles,
  openLogFiles,
  readLogFiles,
  refuseForgottenCommits,
} from './log-files.ts';
import { LogWriter, type WritingPlace } from './log-writer.ts';

export interface CommitLogOptions extends LogFilesOptions {
  readonly paths: LogPaths & { readonly database: string };
  /** `undefined`: the database knows of none. */
  readonly known: KnownLog | undefined;
  /** The id of a log that is begun: 16 octets that no other has. */
  readonly newId: () => Uint8Array;
  readonly behind: DatabaseBehind;
}

/**
 * Reads the log, and changes nothing that is in it. Rejects with `store_failed` when acknowledged groups are missing or damaged, or when the files are not those of
 * this database.
 */
export async function openCommitLog(options: CommitLogOptions): Promise<CommitLog> {
  try {
    return await openLog(options);
  } catch (error) {
    throw explain(error, options.paths.commitLog[0]);
  }
}

async function openLog(options: CommitLogOptions): Promise<CommitLog> {
  const { disk, paths, known } = options;
  if (known === undefined) {
    await refuseForgottenCommits(disk, paths, paths.database);
    return new CommitLog(options, []);
  }
  const files = await openLogFiles(disk, paths);
  try {
    return await resume(options, known, files);
  } catch (error) {
    await closeLogFiles(files);
    throw error;
  }
}

export class CommitLog {
  /** The groups that the database had not taken when the log was opened, the oldest first. */
  readonly left: LogContent['groups'];
  readonly #options: CommitLogOptions;
  #writer: LogWriter | undefined;

  constructor(options: CommitLogOptions, left: LogContent['groups'], writer?: LogWriter) {
    this.#options = options;
    this.left = left;
    this.#writer = writer;
  }

  /** Resolves when these records, together, survive a power cut. One call at a time; after one has failed, none may follow. */
  async append(records: readonly RecordText[]): Promise<void> {
    await this.#explained(async () => {
      this.#writer ??= await this.#begin();
      await this.#writer.append(records);
    });
  }

  /** Resolves when the database has taken everything that was appended, and no file is being made. */
  async settle(): Promise<void> {
    await this.#explained(async () => this.#writer?.settle());
  }

  /** Resolves when the files have nothing any more of what was appended, all of which the database has taken then. Not beside `append`; after it has failed, nothing may follow. */
  async overwrite(): Promise<void> {
    await this.#explained(async () => this.#writer?.overwrite());
  }

  /** Closes the files. What was appended is durable already. */
  async close(): Promise<void> {
    await this.#writer?.close();
  }

  async #explained(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      throw explainInUse(error, basename(this.#options.paths.commitLog[0]));
    }
  }

  async #begin(): Promise<LogWriter> {
    const { newId, behind, fileBytes } = this.#options;
    const id = newId();
    const files = await makeLogFiles(this.#options, id);
    try {
      // Only now that the files are durable: a database that knows of a log refuses to be opened without it.
      await behind.noteLog({ id, applied: NO_MARK });
    } catch (error) {
      await closeLogFiles(files);
      throw error;
    }
    const place = { file: 0, at: FILE_HEADER_BYTES, isOtherNeeded: false };
    const bytes = files.log.map(() => fileBytes);
    return new LogWriter({ ...this.#options, id, files, bytes, end: NO_MARK, place });
  }
}

async function resume(options: CommitLogOptions, known: KnownLog, files: LogFiles): Promise<CommitLog> {
  const { paths } = options;
  const { id, applied } = known;
  const octets = await readLogFiles(files, options, id);
  const content = octets.map((each, index) => ({ file: paths.commitLog[index] ?? '', octets: each }));
  const found = readLogContent(content, id, applied);
  const { groups, end } = found;
  const noted = await readNote(files.note, paths.acknowledged);
  if (noted > end.group)
    throw damaged(
      paths.commitLog.slice(0, octets.length).join(' or '),
      `it is cut off, or an older copy: of ${noted} groups of commits the last ${noted - end.group} are gone`,
    );
  const bytes = octets.map(({ length }) => length);
  const place = await placeBehind(found, files, octets);
  const writer = new LogWriter({ ...options, id, files, bytes, end, place });
  return new CommitLog(options, groups, writer);
}

/** Where the next group goes, once the newest of those that are there is durable. */
async function placeBehind(
  { places, appliedIn }: LogContent,
  { log }: LogFiles,
  octets: readonly Buffer[],
): Promise<WritingPlace> {
  const last = places.at(-1);
  // What the database has taken last stays until something later is there: another file is begun.
  if (last === undefined) return { file: appliedIn === 0 ? 1 : 0, at: FILE_HEADER_BYTES, isOtherNeeded: false };
  // The group is believed from here on. What was read of it may be in the system's memory only, and after a sync that failed the system
  // takes it for written: so it is written again.
  const [file, read] = [log[last.file], octets[last.file]];
  if (file === undefined || read === undefined) throw new Error('A group lies in a file that there is not.');
  await file.write(read.subarray(last.at, last.end), last.at);
  await file.sync();
  return { file: last.file, at: last.end, isOtherNeeded: places.some(({ file }) => file !== last.file) };
}
