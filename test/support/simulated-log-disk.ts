// A disk for the commit log, in memory. What was written and not synced is in the system's cache: a killed process leaves it there, a power cut
// takes any of its sectors away, and a file whose name was not synced. Each call can be made the last of its process, or fail as a real one does.
import type { Random } from '../../mesh/ports.ts';
import type { LogDisk, LogFile } from '../../node/store/commits/log-disk.ts';

const SECTOR_BYTES = 512;
/** Steps that a file takes at most to be written, mostly far fewer, and its name to be synced: others go on meanwhile. */
const MAKING_STEPS_MAX = 400;

/** Called before and after what a call does, and in the midst of a write. To reject is a failure of the call; never to resolve ends its process. */
export type Step = (call: string) => Promise<void>;

/** A write that was not synced; `bytes`: the file was cut to so many. */
type Unsynced = { readonly at: number; readonly octets: Buffer } | { readonly bytes: number };

interface SimulatedFile {
  durable: Buffer;
  cached: Buffer;
  unsynced: Unsynced[];
  /** What a power cut may leave under its name, `undefined` being no file; absent: its name is durable. */
  former?: { readonly file: SimulatedFile | undefined };
}

export class SimulatedLogDisk implements LogDisk {
  /** What calls did to the disk, in their order. */
  readonly calls: string[] = [];
  /** Files that are being made. */
  making = 0;
  readonly #files = new Map<string, SimulatedFile>();
  readonly #random: Random;
  readonly #step: Step;

  constructor(random: Random, step: Step = async () => {}, before?: SimulatedLogDisk) {
    this.#random = random;
    this.#step = step;
    for (const [path, file] of before === undefined ? [] : before.#files)
      this.#files.set(path, { ...file, unsynced: [...file.unsynced] });
  }

  /** The same disk for the next process, after this one was killed. */
  afterKill(step?: Step): SimulatedLogDisk {
    return new SimulatedLogDisk(this.#random, step, this);
  }

  /** The same disk for the next process, after the power was cut. */
  afterPowerCut(step?: Step): SimulatedLogDisk {
    const next = new SimulatedLogDisk(this.#random, step, this);
    for (const [path, { former }] of next.#files) {
      if (former === undefined || this.#random.next() < 0.5) continue;
      if (former.file === undefined) next.#files.delete(path);
      else next.#files.set(path, { ...former.file });
    }
    for (const file of next.#files.values()) {
      delete file.former;
      file.durable = this.#survivorsOf(file);
      file.cached = Buffer.from(file.durable);
      file.unsynced = [];
    }
    return next;
  }

  /** Whether there is such a file. */
  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** A file's octets as the next reader sees them. */
  contentOf(path: string): Buffer {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error(`There is no file ${path}.`);
    return Buffer.from(file.cached);
  }

  /** Puts this in a file's place, durable; `undefined`: the file is gone. */
  spoil(path: string, octets: Buffer | undefined): void {
    if (octets === undefined) this.#files.delete(path);
    else this.#files.set(path, { durable: Buffer.from(octets), cached: Buffer.from(octets), unsynced: [] });
  }

  async open(path: string): Promise<LogFile | undefined> {
    await this.#step(`open ${path}`);
    const file = this.#files.get(path);
    return file && this.#opened(path, file);
  }

  async make(path: string, octets: Uint8Array): Promise<void> {
    this.making += 1;
    try {
      await this.#steps(`make ${path}`);
      this.calls.push(`make ${path}`);
      const former = { file: this.#files.get(path) };
      this.#files.set(path, { durable: Buffer.from(octets), cached: Buffer.from(octets), unsynced: [], former });
      await this.#step(`put ${path}`);
      await this.syncNames();
      await this.#step(`made ${path}`);
    } finally {
      this.making -= 1;
    }
  }

  async syncNames(): Promise<void> {
    await this.#steps('sync names');
    for (const file of this.#files.values()) delete file.former;
  }

  async #steps(call: string): Promise<void> {
    for (let left = Math.ceil(MAKING_STEPS_MAX ** this.#random.next()); left > 0; left -= 1) await this.#step(call);
  }

  #opened(path: string, file: SimulatedFile): LogFile {
    const opened: LogFile = {
      read: async () => {
        await this.#step(`read ${path}`);
        return Buffer.from(file.cached);
      },
      write: async (octets, at) => {
        await this.#step(`write ${path}`);
        // No process is killed within a page of the cache, and no sector is written by halves.
        const half = Math.max(0, sectorEnd(at + Math.floor(this.#random.next() * octets.length)) - SECTOR_BYTES - at);
        write(file, Buffer.from(octets.subarray(0, half)), at);
        await this.#step(`half-write ${path}`);
        write(file, Buffer.from(octets.subarray(half)), at + half);
        this.calls.push(`write ${path}`);
        await this.#step(`wrote ${path}`);
      },
      writeFew: (octets, at) => opened.write(octets, at),
      writeDurably: async (octets, at) => {
        await opened.write(octets, at);
        await opened.sync();
      },
      truncate: async (bytes) => {
        await this.#step(`truncate ${path}`);
        file.cached = Buffer.from(file.cached.subarray(0, bytes));
        file.unsynced.push({ bytes });
        this.calls.push(`truncate ${path}`);
      },
      sync: async () => {
        try {
          await this.#step(`sync ${path}`);
        } catch (error) {
          // Some of it is durable, and the system will not try the rest again.
          file.durable = this.#survivorsOf(file);
          file.unsynced = [];
          throw error;
        }
        file.durable = made(file.durable, file.unsynced, () => true);
        file.unsynced = [];
        this.calls.push(`sync ${path}`);
        await this.#step(`synced ${path}`);
      },
      close: async () => {},
    };
    return opened;
  }

  /** What is left without power: each sector as it was in the cache at some moment since the last sync. */
  #survivorsOf({ durable, unsynced }: SimulatedFile): Buffer {
    const lastChanges = new Map<number, number>();
    return made(durable, unsynced, (sector, change) => {
      const last = lastChanges.get(sector) ?? Math.floor(this.#random.next() * (unsynced.length + 1)) - 1;
      lastChanges.set(sector, last);
      return change <= last;
    });
  }
}

/** The octets after those of the changes, sector by sector, that are durable. */
function made(
  before: Buffer,
  changes: readonly Unsynced[],
  isDurable: (sector: number, change: number) => boolean,
): Buffer {
  let octets: Buffer = Buffer.from(before);
  for (const [index, change] of changes.entries()) {
    if ('bytes' in change) {
      if (isDurable(Math.floor(change.bytes / SECTOR_BYTES), index))
        octets = Buffer.from(octets.subarray(0, change.bytes));
      continue;
    }
    const end = change.at + change.octets.length;
    for (let at = change.at; at < end; at = sectorEnd(at)) {
      if (!isDurable(Math.floor(at / SECTOR_BYTES), index)) continue;
      const part = change.octets.subarray(at - change.at, Math.min(sectorEnd(at), end) - change.at);
      octets = longEnough(octets, at + part.length);
      octets.set(part, at);
    }
  }
  return octets;
}

function write(file: SimulatedFile, octets: Buffer, at: number): void {
  file.cached = longEnough(Buffer.from(file.cached), at + octets.length);
  file.cached.set(octets, at);
  file.unsynced.push({ at, octets });
}

const longEnough = (octets: Buffer, bytes: number) =>
  octets.length < bytes ? Buffer.concat([octets, Buffer.alloc(bytes - octets.length)]) : octets;
const sectorEnd = (at: number) => (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
