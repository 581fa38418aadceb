// Writes groups into the log's files, which take turns. A full one waits until its place is needed, or until too much waits in memory: then the
// database is brought up to date with what of it is not replaced or removed by then, while another is written. A file is written again only
// when the database has durably taken what it held; until then, commits wait. A further file is made ahead of need, while commits go on: it has
// nothing that anybody relies on before its first group.
// It relies on a disk that leaves octets alone which a write does not change, as SQLite does too ("powersafe overwrite"): the page in which
// one group ends is also the one in which the next begins.
import type { RecordText } from '../record.ts';
import { encodeNote } from './acknowledged-note.ts';
import { FILE_HEADER_BYTES } from './file-header.ts';
import { encodeFrame, type Mark, seedOf } from './frame.ts';
import type { DatabaseBehind } from './known-log.ts';
import type { LogFile } from './log-disk.ts';
import { addLogFile, closeLogFiles, type LogFiles, type LogFilesOptions } from './log-files.ts';

/** With more than this in memory that the database has not taken, it takes a file although there is room for another. */
const WAITING_BYTES_MAX = 16 * 1_024 * 1_024;

/** Where the next frame goes. */
export interface WritingPlace {
  /** Which of the files. */
  readonly file: number;
  readonly at: number;
  /** Whether another file holds what the database has not taken: none of them can be used again before. */
  readonly isOtherNeeded: boolean;
}

export interface LogWriterOptions extends LogFilesOptions {
  readonly id: Uint8Array;
  readonly files: LogFiles;
  /** What each file has. */
  readonly bytes: readonly number[];
  /** The newest group. */
  readonly end: Mark;
  readonly place: WritingPlace;
  readonly behind: DatabaseBehind;
}

interface WrittenFile {
  readonly file: LogFile;
  /** Octets that it has. */
  bytes: number;
  /** The newest group that it holds, when it is full; absent: it is written, or free. */
  fullWith?: Mark | undefined;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #seed: number;
  readonly #files: WrittenFile[];
  #end: Mark;
  /** Whether the database has been asked to take all that was appended. */
  #isHandedOver = true;
  /** The newest group that the database has been asked to take. */
  #handedOver = -1;
  /** Resolves when the database has taken what it was asked to. */
  #caughtUp: Promise<void> = Promise.resolve();
  /** Whether another file holds what an earlier process left, of which the database has not been told. */
  #mustHandOver: boolean;
  #current: WrittenFile;
  /** Where the next frame begins. */
  #at: number;
  /** Resolves when the further file is there, or could not be made; absent: none is made now. */
  #making: Promise<void> | undefined;
  /** Why it could not be made, which ends the log. */
  #unmade: { readonly reason: unknown } | undefined;

  constructor(options: LogWriterOptions) {
    const { id, files, bytes, end, place } = options;
    this.#options = options;
    this.#seed = seedOf(id);
    this.#end = end;
    this.#mustHandOver = place.isOtherNeeded;
    this.#files = files.log.map((file, index) => ({ file, bytes: bytes[index] ?? 0 }));
    const current = this.#files[place.file];
    if (current === undefined) throw new Error('The log is to be written in a file that there is not.');
    this.#current = current;
    if (place.isOtherNeeded) for (const other of this.#files) if (other !== current) other.fullWith = end;
    this.#at = place.at;
  }

  /** Resolves when these records, together, survive a power cut. One call at a time; after one has failed, none may follow. */
  async append(records: readonly RecordText[]): Promise<void> {
    this.#throwIfUnmade();
    if (this.#mustHandOver) this.#handOverAll();
    const { octets, mark } = encodeFrame(records, this.#end, this.#seed);
    const { files, fileBytes } = this.#options;
    if (this.#at > FILE_HEADER_BYTES && this.#at + octets.length > fileBytes) await this.#turn();
    await this.#current.file.writeDurably(octets, this.#at);
    await files.note.writeFew(encodeNote(mark.group), 0);
    this.#at += octets.length;
    this.#current.bytes = Math.max(this.#current.bytes, this.#at);
    this.#end = mark;
    this.#isHandedOver = false;
    if (this.#at - FILE_HEADER_BYTES > (fileBytes - FILE_HEADER_BYTES) / 2) this.#makeAhead();
  }

  /** Resolves when the database has taken everything that was appended, and no file is being made. */
  async settle(): Promise<void> {
    await this.#making;
    this.#throwIfUnmade();
    await this.#caughtUp;
    if (!this.#isHandedOver) this.#handOverAll();
    await this.#caughtUp;
  }

  /**
   * Resolves when the database has taken everything that was appended, and the files have nothing of it any more. What proves that they are of
   * this database's history is an empty group behind the others, which is durable before anything is overwritten.
   */
  async overwrite(): Promise<void> {
    if (this.#mustHandOver) this.#handOverAll();
    await this.#turn();
    this.#handOver(this.#end);
    await this.#caughtUp;
    await this.append([]);
    for (const file of this.#files) if (file !== this.#current) await overwriteFrom(file, FILE_HEADER_BYTES);
    await overwriteFrom(this.#current, this.#at);
  }

  /** Closes the files, after the last `append` and `settle` have ended. */
  async close(): Promise<void> {
    // Put in its place later, it would take that of one in which the next process writes.
    await this.#making;
    await closeLogFiles({ log: this.#files.map(({ file }) => file), note: this.#options.files.note });
  }

  /** From the full file to another one. */
  async #turn(): Promise<void> {
    this.#options.behind.endFile(this.#end.group);
    this.#current.fullWith = this.#end;
    const next = await this.#freeFile();
    this.#current = next;
    this.#at = FILE_HEADER_BYTES;
    const { fileBytes, paths, behind } = this.#options;
    if (next.bytes !== fileBytes) {
      await next.file.truncate(fileBytes);
      await next.file.sync();
      next.bytes = fileBytes;
    }
    const isLast = this.#files.length === paths.commitLog.length && this.#free() === undefined;
    if (isLast || behind.waitingBytes > WAITING_BYTES_MAX) this.#handOverOldest();
  }

  async #freeFile(): Promise<WrittenFile> {
    for (;;) {
      const free = this.#free() ?? (await this.#further());
      if (free !== undefined) return free;
      this.#handOverOldest();
      await this.#caughtUp;
    }
  }

  #free(): WrittenFile | undefined {
    return this.#files.find((file) => file !== this.#current && file.fullWith === undefined);
  }

  /** One that is made by now; `undefined`: there are as many as there may be. */
  async #further(): Promise<WrittenFile | undefined> {
    this.#makeAhead();
    await this.#making;
    this.#throwIfUnmade();
    return this.#free();
  }

  /** Begins to make one more, unless another is free, or there are as many as there may be. */
  #makeAhead(): void {
    if (this.#making !== undefined || this.#free() !== undefined) return;
    if (this.#files.length === this.#options.paths.commitLog.length) return;
    this.#making = this.#add().then(
      () => {
        this.#making = undefined;
      },
      (reason: unknown) => {
        this.#unmade = { reason };
      },
    );
  }

  async #add(): Promise<void> {
    const { id, fileBytes: bytes } = this.#options;
    const file = await addLogFile(this.#options, id, this.#files.length);
    this.#files.push({ file, bytes });
  }

  /** Whoever comes next hears of it, though he may not need the file. */
  #throwIfUnmade(): void {
    if (this.#unmade !== undefined) throw this.#unmade.reason;
  }

  #handOverOldest(): void {
    const full = this.#files.flatMap(({ fullWith }) => fullWith ?? []);
    const [oldest] = full.sort((one, other) => one.group - other.group);
    if (oldest !== undefined) this.#handOver(oldest);
  }

  #handOverAll(): void {
    this.#mustHandOver = false;
    this.#isHandedOver = true;
    this.#options.behind.endFile(this.#end.group);
    this.#handOver(this.#end);
  }

  /** Has the database take the files that are full with this group or an older one, behind what it takes now. */
  #handOver(applied: Mark): void {
    if (applied.group <= this.#handedOver) return;
    this.#handedOver = applied.group;
    const { behind, id } = this.#options;
    this.#caughtUp = this.#caughtUp.then(async () => {
      await behind.catchUp({ id, applied });
      for (const file of this.#files)
        if (file.fullWith !== undefined && file.fullWith.group <= applied.group) file.fullWith = undefined;
    });
    // Whoever has to wait for it hears of its failure, and before that the store does.
    this.#caughtUp.catch(() => {});
  }
}

async function overwriteFrom({ file, bytes }: WrittenFile, at: number): Promise<void> {
  await file.write(Buffer.alloc(bytes - at), at);
  await file.sync();
}
