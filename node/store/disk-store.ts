// The Store port on disk. Commits are grouped (commit-queue.ts) and become durable in the commit log (commits/); the database behind it,
// Keyv over SQLite in a worker thread, is brought up to date in the background, and reads look into what it does not have yet
// (durable-records.ts). Keyv gets no 'error' listener: with one, a broken disk would read as an absent key.
import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PackedTexts } from '../../mesh/packed-texts.ts';
import type { Write } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { CommitQueue } from './commit-queue.ts';
import { type CommitLog, openCommitLog } from './commits/commit-log.ts';
import { LOG_ID_BYTES } from './commits/file-header.ts';
import { parseKnownLog } from './commits/known-log.ts';
import { type LogDisk, systemLogDisk } from './commits/log-disk.ts';
import { DurableRecords } from './durable-records.ts';
import { LazyRecord, type ParseRecord } from './lazy-record.ts';
import { packUnder } from './packed-page.ts';
import { pathsIn } from './paths.ts';
import type { RecordText } from './record.ts';
import type { CopyRules } from './record-copy.ts';
import { damaged } from './refusals.ts';
import { FORMAT_VERSION } from './schema.ts';
import type { Slice } from './slice.ts';
import { type LoadOptions, PAGE_RECORDS_MAX, type PackedRecords, type Store, type StoredRecord } from './store.ts';
import { type PageQuestion, StoreThread } from './store-thread.ts';
import type { TextForm } from './text-form.ts';

/**
 * Each file of the commit log, made in this length and used again and again. What they hold and nothing newer has replaced is also in memory, until
 * the database has it. Only a group that is larger by itself makes one longer, until it is used again.
 */
export const COMMIT_LOG_FILE_BYTES = 4 * 1_024 * 1_024;

export interface StoreOptions {
  /** The data directory; made when there is none. */
  readonly directory: string;
  readonly log: Log;
  /** The disk of the commit log; absent: the real one. */
  readonly disk?: LogDisk;
  /** Begun on this directory before; absent: it is begun now. */
  readonly begun?: StoreThread | undefined;
}

/**
 * Opens the store, or begins an empty one where there never was one. Rejects with `store_failed` and a sentence for the
 * operator: another node holds the directory, a file is damaged or newer than this program, the disk is full or not ours.
 * The refusal changes no data.
 */
export async function openStore({ directory, log, disk = systemLogDisk, begun }: StoreOptions): Promise<DiskStore> {
  const thread = begun ?? StoreThread.start(directory);
  const [known, format] = await thread.opened;
  const records = new DurableRecords(thread);
  try {
    const paths = pathsIn(directory);
    const commitLog = await openCommitLog({
      ...{ disk, paths, fileBytes: COMMIT_LOG_FILE_BYTES, behind: records },
      known: typeof known === 'string' ? parseKnownLog(known, paths.database) : undefined,
      newId: () => randomBytes(LOG_ID_BYTES),
    });
    log.info('store.opened', { directory, groupsBehind: commitLog.left.length });
    return new DiskStore({ records, commitLog, log, format: Number(format) });
  } catch (error) {
    await thread.close();
    throw error;
  }
}

export interface DiskStoreParts {
  readonly records: DurableRecords;
  /** Over the same database. */
  readonly commitLog: CommitLog;
  readonly log: Log;
  /** The version of the database's form. */
  readonly format: number;
}

/** What can be copied while it is used. */
export interface CopiedStore {
  /**
   * Copies every record that was committed before this call into `rules.file`, as they are at one moment. Rejects with `store_failed`; then
   * the file is not there, or nothing is to be made of it, and the store goes on.
   */
  copy(rules: CopyRules): Promise<void>;
}

/** What can be overwritten while it is used. */
export interface ForgettingStore {
  /**
   * Overwrites in every file what commits before this call have removed or replaced: some at each step, tens of milliseconds of work; at the end no
   * file has it. Rejects with `store_failed`; where it was the database's, the store goes on.
   */
  overwrite(): AsyncIterable<void>;
}

export class DiskStore implements Store, CopiedStore, ForgettingStore {
  readonly #records: DurableRecords;
  readonly #commitLog: CommitLog;
  readonly #log: Log;
  #format: number;
  /** All commits of one turn of the event loop share a write: a claim of a lone host is two that follow each other at once. */
  readonly #queue = new CommitQueue((records) => this.#write(records), nextTurn);
  readonly failed: Promise<Error> = this.#queue.failed;

  constructor({ records, commitLog, log, format }: DiskStoreParts) {
    this.#records = records;
    this.#commitLog = commitLog;
    this.#log = log;
    this.#format = format;
    for (const group of commitLog.left) records.add(group);
    void records.failed.then((reason) => this.#queue.fail(reason));
    void this.failed.then((reason) => log.error('store.failed', { error: reason.message, cause: causeOf(reason) }));
  }

  commit(writes: readonly Write[]): Promise<void> {
    return this.#queue.commit(writes);
  }

  fail(reason: Error): void {
    this.#queue.fail(reason);
  }

  async get(key: string): Promise<unknown> {
    // No such key can have been stored, and on its way to SQLite it would become another one.
    if (!key.isWellFormed()) return undefined;
    const text = await this.#read(() => this.#records.get(key));
    return text === undefined ? undefined : this.#parse(key, text);
  }

  async *load(prefix: string, options: LoadOptions = {}): AsyncIterable<readonly StoredRecord[]> {
    for await (const page of this.#texts(prefix, options))
      yield page.map(({ key, text }) => new LazyRecord(key, text, this.#parse));
  }

  /** Pages of what there is, none of them empty. */
  async *#texts(
    prefix: string,
    { after = '', limit = Number.POSITIVE_INFINITY, pageRecords = PAGE_RECORDS_MAX }: LoadOptions,
  ): AsyncIterable<readonly { readonly key: string; readonly text: string }[]> {
    let left = Math.max(0, limit);
    let next = this.#page({ prefix, after, limit: Math.min(left, pageRecords) });
    while (left > 0) {
      const { records, isWhole } = await next;
      const present = records.flatMap(({ key, text }) => (text === undefined ? [] : [{ key, text }]));
      left -= present.length;
      // The worker reads the next page while this one is parsed and used.
      if (!isWhole) next = this.#page({ prefix, after: records.at(-1)?.key ?? '', limit: Math.min(left, pageRecords) });
      // A reader that leaves half-way never waits for this page, so its failure is handled here. The store remembers it.
      next.catch(() => {});
      if (present.length > 0) yield present;
      if (isWhole) return;
    }
  }

  async *loadPacked(prefix: string, form: TextForm): AsyncIterable<PackedRecords> {
    this.#queue.throwIfUnusable();
    // Taken before the database is read: what is applied meanwhile is missing neither here nor there.
    const newest = this.#records.newest(prefix);
    const pages = this.#records.packedPages(prefix, form)[Symbol.asyncIterator]();
    for (;;) {
      const { value: page, done } = await this.#read(() => pages.next());
      if (done === true) break;
      const others = this.#lazyRecords(page.others).filter(({ key }) => !newest.has(key));
      yield { packed: page.packed, others, gone: [] };
    }
    const changes = [...newest.values()];
    const others = this.#lazyRecords(changes.flatMap(({ key, text }) => (text === undefined ? [] : [key, text])));
    const gone = changes.flatMap(({ key, text }) => (text === undefined && key.startsWith(form.under) ? [key] : []));
    yield { packed: [], others, gone };
  }

  async *loadOctets(prefix: string, pageRecords: number): AsyncIterable<PackedTexts> {
    this.#queue.throwIfUnusable();
    // What only the commit log has is laid over pages of texts: so much is left only of a node that was killed.
    if (this.#records.newest(prefix).size > 0) {
      for await (const page of this.#texts(prefix, { pageRecords }))
        yield packUnder(
          page.flatMap(({ key, text }) => [key, text]),
          prefix,
        );
      return;
    }
    const pages = this.#records.packedPages(prefix, undefined, pageRecords)[Symbol.asyncIterator]();
    for (;;) {
      const { value: page, done } = await this.#read(() => pages.next());
      if (done === true) return;
      yield* page.packed;
    }
  }

  async copy(rules: CopyRules): Promise<void> {
    this.#queue.throwIfUnusable();
    await this.#records.copy(rules);
  }

  async *overwrite(): AsyncIterable<void> {
    await this.#queue.alone(() => this.#commitLog.overwrite());
    yield* this.#records.overwrite();
  }

  close(): Promise<void> {
    return this.#queue.close(async () => {
      try {
        if (!this.#queue.hasFailed) await this.#commitLog.settle();
      } finally {
        await this.#commitLog.close();
        await this.#records.close();
      }
    });
  }

  async #write(records: readonly RecordText[]): Promise<void> {
    // At a moment of its own, of which the node can tell.
    if (this.#format !== FORMAT_VERSION) await this.#migrate();
    await this.#commitLog.append(records);
    this.#records.add(records);
  }

  async #migrate(): Promise<void> {
    await this.#records.migrate();
    this.#log.info('store.migrated', { fromFormat: this.#format, toFormat: FORMAT_VERSION });
    this.#format = FORMAT_VERSION;
  }

  async #page(question: PageQuestion): Promise<Slice> {
    const limit = Math.min(question.limit, PAGE_RECORDS_MAX);
    if (limit <= 0) return { records: [], isWhole: true };
    return this.#read(() => this.#records.page({ ...question, limit }));
  }

  #lazyRecords(flat: readonly string[]): readonly StoredRecord[] {
    const records: StoredRecord[] = [];
    for (let at = 0; at < flat.length; at += 2)
      records.push(new LazyRecord(flat[at] ?? '', flat[at + 1] ?? '', this.#parse));
    return records;
  }

  /** A record that can't be read fails the store, which would otherwise answer from a disk that it can't trust. */
  async #read<T>(read: () => Promise<T>): Promise<T> {
    this.#queue.throwIfUnusable();
    try {
      return await read();
    } catch (error) {
      throw this.#queue.fail(error as Error);
    }
  }

  readonly #parse: ParseRecord = (key, text) => {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const file = basename(pathsIn('').database);
      throw this.#queue.fail(damaged(file, `the value of its record '${key.slice(0, 100)}' is not JSON`, cause));
    }
  };
}

function causeOf(reason: Error): string | undefined {
  return reason.cause === undefined ? undefined : String(reason.cause);
}
