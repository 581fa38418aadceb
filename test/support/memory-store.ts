// The Store port in memory: the twin that tests, the simulator and a benchmark run on, held to the same contract suite as the disk. It
// can be crashed and reopened from what was durable, its disk can be held back, and its disk can break.
import { MeshError } from '../../mesh/errors.ts';
import type { PackedTexts } from '../../mesh/packed-texts.ts';
import type { Write } from '../../mesh/ports.ts';
import { CommitQueue } from '../../node/store/commit-queue.ts';
import { LazyRecord } from '../../node/store/lazy-record.ts';
import { packPage, packUnder } from '../../node/store/packed-page.ts';
import { compareKeys, type RecordText } from '../../node/store/record.ts';
import {
  type LoadOptions,
  PAGE_RECORDS_MAX,
  type PackedRecords,
  type Store,
  type StoredRecord,
} from '../../node/store/store.ts';
import type { TextForm } from '../../node/store/text-form.ts';

/** What is durable: key → JSON text. */
export type MemoryDisk = ReadonlyMap<string, string>;

export interface MemoryStoreOptions {
  /** What an earlier store left: see `snapshot` and `crash`. It is copied. */
  readonly disk?: MemoryDisk;
  /** One fsync: awaited before each group becomes durable, so a simulation can let it last. Rejecting is a disk error. */
  readonly sync?: () => Promise<void>;
}

export class MemoryStore implements Store {
  readonly #disk: Map<string, string>;
  readonly #sync: () => Promise<void>;
  readonly #queue = new CommitQueue((records) => this.#write(records));
  readonly failed: Promise<Error> = this.#queue.failed;
  #gate: PromiseWithResolvers<void> | undefined;
  #broken: Error | undefined;
  #crashed = false;

  constructor({ disk = new Map(), sync = () => Promise.resolve() }: MemoryStoreOptions = {}) {
    this.#disk = new Map(disk);
    this.#sync = sync;
  }

  commit(writes: readonly Write[]): Promise<void> {
    return this.#alive(() => this.#queue.commit(writes));
  }

  fail(reason: Error): void {
    this.#queue.fail(reason);
  }

  get(key: string): Promise<unknown> {
    return this.#alive(async () => {
      this.#queue.throwIfUnusable();
      return this.#value(key);
    });
  }

  async *load(
    prefix: string,
    { after = '', limit = Number.POSITIVE_INFINITY, pageRecords = PAGE_RECORDS_MAX }: LoadOptions = {},
  ): AsyncIterable<readonly StoredRecord[]> {
    await this.#alive(async () => this.#queue.throwIfUnusable());
    const keys = [...this.#disk.keys()].filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0);
    const wanted = keys.sort(compareKeys).slice(0, Math.max(0, limit));
    for (let at = 0; at < wanted.length; at += pageRecords) {
      await this.#alive(async () => this.#queue.throwIfUnusable());
      // A record that was removed since the first page is no longer there to be read.
      const present = wanted.slice(at, at + pageRecords).flatMap((key) => {
        const text = this.#disk.get(key);
        return text === undefined ? [] : [new LazyRecord(key, text, (_, value) => JSON.parse(value))];
      });
      if (present.length > 0) yield present;
    }
  }

  async *loadPacked(prefix: string, form: TextForm): AsyncIterable<PackedRecords> {
    for await (const page of this.load(prefix)) {
      const flat = page.flatMap(({ key }) => [key, this.#disk.get(key) ?? '']);
      const { packed, others } = packPage([flat], form);
      yield { packed, others: page.filter(({ key }) => others.includes(key)), gone: [] };
    }
  }

  async *loadOctets(prefix: string, pageRecords: number): AsyncIterable<PackedTexts> {
    for await (const page of this.load(prefix, { pageRecords }))
      yield packUnder(
        page.flatMap(({ key }) => [key, this.#disk.get(key) ?? '']),
        prefix,
      );
  }

  async close(): Promise<void> {
    // Whoever tidies up after a crash has nothing to wait for.
    if (!this.#crashed) await this.#queue.close(() => Promise.resolve());
  }

  /** Commits that nobody has been told of yet. */
  get pending(): number {
    return this.#queue.pending.length;
  }

  /**
   * What a power cut would leave now. `unacknowledged`: so many of the pending commits, oldest first, had reached the disk
   * before anyone was told.
   */
  snapshot(unacknowledged = 0): MemoryDisk {
    const disk = new Map(this.#disk);
    for (const records of this.#queue.pending.slice(0, unacknowledged)) apply(disk, records);
    return disk;
  }

  /** Stops this store as a power cut does: whatever waits for it, or calls it later, never hears again. Returns the disk. */
  crash(unacknowledged = 0): MemoryDisk {
    const disk = this.snapshot(unacknowledged);
    this.#crashed = true;
    return disk;
  }

  /** From now on commits wait until `resume`; nothing becomes durable. */
  stall(): void {
    this.#gate ??= Promise.withResolvers();
  }

  resume(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** The next write fails, and with it the store. */
  breakDisk(cause: Error): void {
    this.#broken = cause;
  }

  async #write(records: readonly RecordText[]): Promise<void> {
    while (this.#gate) await this.#gate.promise;
    try {
      if (this.#broken) throw this.#broken;
      await this.#sync();
    } catch (cause) {
      throw new MeshError('store_failed', `The store's disk failed: ${(cause as Error).message}`, { cause });
    }
    if (this.#crashed) return never();
    apply(this.#disk, records);
  }

  #value(key: string): unknown {
    const text = this.#disk.get(key);
    return text === undefined ? undefined : JSON.parse(text);
  }

  #alive<T>(call: () => Promise<T>): Promise<T> {
    return this.#crashed ? never() : call();
  }
}

function apply(disk: Map<string, string>, records: readonly RecordText[]): void {
  for (const { key, text } of records) {
    if (text === undefined) disk.delete(key);
    else disk.set(key, text);
  }
}

function never<T>(): Promise<T> {
  return new Promise(() => {});
}
