// Writes groups into the log's two files, which take turns. When one is full, the database is brought up to date behind it with all that it
// holds, while the other is written. A file is written again only when the database has durably taken what it held; until then, commits wait.
// It relies on a disk that leaves octets alone which a write does not change, as SQLite does too ("powersafe overwrite"): the page in which
// one group ends is also the one in which the next begins.
import type { RecordText } from '../record.ts';
import { encodeNote } from './acknowledged-note.ts';
import { FILE_HEADER_BYTES } from './file-header.ts';
import { encodeFrame, type Mark, seedOf } from './frame.ts';
import type { DatabaseBehind } from './known-log.ts';
import { closeLogFiles, type LogFiles } from './log-files.ts';

/** Where the next frame goes. */
export interface WritingPlace {
  readonly file: 0 | 1;
  readonly at: number;
  /** Whether the other file holds what the database has not taken: it can't be used again before. */
  readonly isOtherNeeded: boolean;
}

export interface LogWriterOptions {
  readonly id: Uint8Array;
  readonly files: LogFiles;
  readonly fileBytes: number;
  /** What each file has. */
  readonly bytes: readonly [number, number];
  /** The newest group. */
  readonly end: Mark;
  readonly place: WritingPlace;
  readonly behind: DatabaseBehind;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #seed: number;
  readonly #bytes: [number, number];
  #end: Mark;
  /** Whether the database has been asked to take all that was appended. */
  #isHandedOver = true;
  /** Resolves when the database has taken what the file holds that is not being written. */
  #caughtUp: Promise<void> = Promise.resolve();
  /** Whether the other file holds what an earlier process left, of which the database has not been told. */
  #mustHandOver: boolean;
  #file: 0 | 1;
  /** Where the next frame begins. */
  #at: number;

  constructor(options: LogWriterOptions) {
    const { id, bytes, end, place } = options;
    this.#options = options;
    this.#seed = seedOf(id);
    this.#bytes = [...bytes];
    this.#end = end;
    this.#mustHandOver = place.isOtherNeeded;
    this.#file = place.file;
    this.#at = place.at;
  }

  /** Resolves when these records, together, survive a power cut. One call at a time; after one has failed, none may follow. */
  async append(records: readonly RecordText[]): Promise<void> {
    if (this.#mustHandOver) this.#handOver();
    const { octets, mark } = encodeFrame(records, this.#end, this.#seed);
    const { files, fileBytes } = this.#options;
    if (this.#at > FILE_HEADER_BYTES && this.#at + octets.length > fileBytes) await this.#turn();
    await files.log[this.#file].writeDurably(octets, this.#at);
    await files.note.writeFew(encodeNote(mark.group), 0);
    this.#at += octets.length;
    this.#bytes[this.#file] = Math.max(this.#bytes[this.#file], this.#at);
    this.#end = mark;
    this.#isHandedOver = false;
  }

  /** Resolves when the database has taken everything that was appended. */
  async settle(): Promise<void> {
    await this.#caughtUp;
    if (!this.#isHandedOver) this.#handOver();
    await this.#caughtUp;
  }

  /**
   * Resolves when the database has taken everything that was appended, and the files have nothing of it any more. What proves that they are of
   * this database's history is an empty group behind the others, which is durable before anything is overwritten.
   */
  async overwrite(): Promise<void> {
    if (this.#mustHandOver) this.#handOver();
    const before = this.#file;
    await this.#turn();
    await this.#caughtUp;
    await this.append([]);
    await this.#overwriteFrom(before, FILE_HEADER_BYTES);
    await this.#overwriteFrom(this.#file, this.#at);
  }

  /** Closes the files, after the last `append` and `settle` have ended. */
  close(): Promise<void> {
    return closeLogFiles(this.#options.files);
  }

  /** From the full file to the other one. */
  async #turn(): Promise<void> {
    await this.#caughtUp;
    this.#handOver();
    this.#file = this.#file === 0 ? 1 : 0;
    this.#at = FILE_HEADER_BYTES;
    const { files, fileBytes } = this.#options;
    if (this.#bytes[this.#file] === fileBytes) return;
    await files.log[this.#file].truncate(fileBytes);
    await files.log[this.#file].sync();
    this.#bytes[this.#file] = fileBytes;
  }

  async #overwriteFrom(index: 0 | 1, at: number): Promise<void> {
    const file = this.#options.files.log[index];
    await file.write(Buffer.alloc(this.#bytes[index] - at), at);
    await file.sync();
  }

  #handOver(): void {
    const { behind, id } = this.#options;
    this.#isHandedOver = true;
    this.#mustHandOver = false;
    this.#caughtUp = behind.catchUp({ id, applied: this.#end });
    // Whoever has to wait for it hears of its failure, and before that the store does.
    this.#caughtUp.catch(() => {});
  }
}
