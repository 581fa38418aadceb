// The disk as the commit log needs it, and its real side: calls of libuv's thread pool, so that nothing here holds the event loop and
// nothing waits for the store's worker. Each such call wakes a thread and is waited for, which takes longer than to write a few octets and a
// good part as long as a sync: a commit is one of them where the system writes and syncs in one.
import { close, constants, fdatasync, ftruncate, open as openFile, readFile, write, writeSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { syncDirectory } from '../../machine/own-files.ts';

export interface LogFile {
  /** The whole content. */
  read(): Promise<Buffer>;
  /** Resolves when the operating system has all of these octets; only `sync` makes them durable. */
  write(octets: Uint8Array, at: number): Promise<void>;
  /** A `write` of octets that are so few that no thread is woken for them. */
  writeFew(octets: Uint8Array, at: number): Promise<void>;
  /** A `write` and a `sync`. After it has rejected, nobody knows what is durable. */
  writeDurably(octets: Uint8Array, at: number): Promise<void>;
  truncate(bytes: number): Promise<void>;
  /** Resolves when everything written before survives a power cut. After it has rejected, nobody knows what is durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Whether it is written durably, mostly. */
  readonly isDurable?: boolean;
}

export interface LogDisk {
  /** `undefined` when there is no such file. */
  open(path: string, options?: OpenOptions): Promise<LogFile | undefined>;
  /** Puts a file with this content there, durable, whole or not at all, in place of any that has the name. */
  make(path: string, octets: Uint8Array): Promise<void>;
  /** Resolves when the names in the directory of `path` survive a power cut. */
  syncNames(path: string): Promise<void>;
}

const { O_RDWR, O_NOFOLLOW, O_DSYNC } = constants;
/** Each write is then a sync of what it wrote. Elsewhere that would not reach the disk: macOS leaves it in the disk's own cache. */
const WRITES_DURABLY = platform() === 'linux' ? O_DSYNC : 0;
/** A page of the system's cache. */
const PAGE_BYTES = 4_096;
/** Octets of a file that is made which are written at once, and synced: commits go on beside it, and wait for the same threads and the same disk. */
const PIECE_BYTES = 64 * PAGE_BYTES;
const calls = {
  open: promisify(openFile),
  read: promisify(readFile),
  write: promisify(write),
  truncate: promisify(ftruncate),
  sync: promisify(fdatasync),
  close: promisify(close),
};

export const systemLogDisk: LogDisk = {
  async open(path, { isDurable = false } = {}) {
    const flags = isDurable ? WRITES_DURABLY : 0;
    try {
      return new OpenLogFile(await calls.open(path, O_RDWR | O_NOFOLLOW | flags), flags !== 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },

  async make(path, octets) {
    const draft = `${path}.new`;
    await rm(draft, { force: true });
    const file = await open(draft, 'wx', 0o600);
    try {
      for (let from = 0; from < octets.length; from += PIECE_BYTES) {
        await writePages(file.fd, octets.subarray(from, from + PIECE_BYTES), from);
        await file.datasync();
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await this.syncNames(path);
  },

  syncNames(path) {
    return syncDirectory(dirname(path));
  },
};

class OpenLogFile implements LogFile {
  readonly #file: number;
  readonly #writesDurably: boolean;

  constructor(file: number, writesDurably: boolean) {
    this.#file = file;
    this.#writesDurably = writesDurably;
  }

  read(): Promise<Buffer> {
    return calls.read(this.#file);
  }

  write(octets: Uint8Array, at: number): Promise<void> {
    return writeAll(this.#file, octets, at);
  }

  async writeFew(octets: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < octets.length; )
      done += writeSync(this.#file, octets, done, octets.length - done, at + done);
  }

  async writeDurably(octets: Uint8Array, at: number): Promise<void> {
    await this.write(octets, at);
    if (!this.#writesDurably) await this.sync();
  }

  truncate(bytes: number): Promise<void> {
    return calls.truncate(this.#file, bytes);
  }

  /** The file's length too, where it has changed, and on macOS the disk's own cache. */
  sync(): Promise<void> {
    return calls.sync(this.#file);
  }

  close(): Promise<void> {
    return calls.close(this.#file);
  }
}

/** Page by page, or Linux keeps them in large pieces of its cache, and counts a whole one as to be written after each small change. */
async function writePages(file: number, octets: Uint8Array, from: number): Promise<void> {
  const pages = Array.from({ length: Math.ceil(octets.length / PAGE_BYTES) }, (_, page) => page * PAGE_BYTES);
  await Promise.all(pages.map((at) => writeAll(file, octets.subarray(at, at + PAGE_BYTES), from + at)));
}

async function writeAll(file: number, octets: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < octets.length; ) {
    const { bytesWritten } = await calls.write(file, octets, done, octets.length - done, at + done);
    done += bytesWritten;
  }
}
