// The Store port on disk: Keyv over SQLite in a worker thread, behind the queue that groups commits. A commit is one Keyv
// `setMany`, which is one transaction. Keyv gets no 'error' listener: with one, a broken disk would read as an absent key.
import { basename } from 'node:path';
import { Keyv } from 'keyv';
import type { Write } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { CommitQueue } from './commit-queue.ts';
import { SqliteKeyvAdapter } from './keyv-adapter.ts';
import { PAGE_RECORDS_MAX } from './limits.ts';
import { pathsIn } from './paths.ts';
import type { RecordText } from './record.ts';
import { damaged, refused } from './refusals.ts';
import type { Store, StoredRecord } from './store.ts';
import { StoreThread } from './store-thread.ts';

export interface StoreOptions {
  /** The data directory; made when there is none. */
  readonly directory: string;
  readonly log: Log;
}

/**
 * Opens the store, or begins an empty one where there never was one. Rejects with `store_failed` and a sentence for the
 * operator: another node holds the directory, a file is damaged or newer than this program, the disk is full or not ours.
 * The refusal changes no data.
 */
export async function openStore({ directory, log }: StoreOptions): Promise<Store> {
  const thread = StoreThread.start(directory);
  await thread.opened;
  log.info('store.opened', { directory });
  return new DiskStore(thread, log);
}

export class DiskStore implements Store {
  readonly #adapter: SqliteKeyvAdapter;
  readonly #keyv: Keyv<string>;
  readonly #queue = new CommitQueue((records) => this.#write(records));
  readonly failed: Promise<Error> = this.#queue.failed;

  /** `thread` must have opened its database. */
  constructor(thread: StoreThread, log: Log) {
    this.#adapter = new SqliteKeyvAdapter(thread);
    // Values are JSON text already, taken when `commit` was called.
    this.#keyv = new Keyv<string>({ store: this.#adapter, serialization: false });
    void thread.lost.then((reason) => this.#queue.fail(reason));
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
    const text = await this.#read(() => this.#keyv.get<string>(key));
    return text === undefined ? undefined : this.#parse(key, text);
  }

  async *load(
    prefix: string,
    { after = '', limit = Number.POSITIVE_INFINITY }: { readonly after?: string; readonly limit?: number } = {},
  ): AsyncIterable<readonly StoredRecord[]> {
    let left = Math.max(0, limit);
    let next = this.#page(prefix, after, left);
    while (left > 0) {
      const texts = await next;
      if (texts.length === 0) return;
      left -= texts.length / 2;
      // The worker reads the next page while this one is parsed and used.
      next = this.#page(prefix, texts.at(-2) ?? '', left);
      // A reader that leaves half-way never waits for this page, so its failure is handled here. The store remembers it.
      next.catch(() => {});
      yield this.#records(texts);
    }
  }

  close(): Promise<void> {
    return this.#queue.close(() => this.#keyv.disconnect());
  }

  async #write(records: readonly RecordText[]): Promise<void> {
    const entries = records.map(({ key, text }) => ({ key, value: text }));
    const results = await this.#keyv.setMany(entries);
    if (results.includes(false))
      throw refused('Keyv did not store a record and does not say why. Start the node again.');
  }

  async #page(prefix: string, after: string, limit: number): Promise<readonly string[]> {
    if (limit <= 0) return [];
    return (await this.#read(() => this.#adapter.page(prefix, after, Math.min(limit, PAGE_RECORDS_MAX)))) as string[];
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

  #records(texts: readonly string[]): StoredRecord[] {
    const records: StoredRecord[] = [];
    for (let at = 0; at < texts.length; at += 2) {
      const key = texts[at] ?? '';
      records.push({ key, value: this.#parse(key, texts[at + 1] ?? '') });
    }
    return records;
  }

  #parse(key: string, text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const file = basename(pathsIn('').database);
      throw this.#queue.fail(damaged(file, `the value of its record '${key.slice(0, 100)}' is not JSON`, cause));
    }
  }
}

function causeOf(reason: Error): string | undefined {
  return reason.cause === undefined ? undefined : String(reason.cause);
}
