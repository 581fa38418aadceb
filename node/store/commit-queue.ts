// Group commit: what arrives while one write is under way shares the next one, in the order of the calls; a commit that finds
// the disk idle does not wait for company. After the first failure nothing succeeds again, for memory may be ahead of the disk.
import { MeshError } from '../../mesh/errors.ts';
import type { Write } from '../../mesh/ports.ts';
import { encodeWrite, type RecordText } from './record.ts';

/**
 * One group: records, and UTF-16 units of their keys and values, which in UTF-8 fit into a file of the commit log. A commit larger than this
 * goes alone.
 */
export const GROUP_RECORDS_MAX = 5_000;
export const GROUP_CHARACTERS_MAX = 1_024 * 1_024;

interface Commit {
  readonly records: readonly RecordText[];
  readonly characters: number;
  resolve(): void;
  reject(reason: Error): void;
}

/** Resolves when all these records, together, are durable. Rejects with the reason why the store has failed. */
export type WriteGroup = (records: readonly RecordText[]) => Promise<void>;

export class CommitQueue {
  readonly #write: WriteGroup;
  readonly #gathered: () => Promise<unknown>;
  readonly #failed = Promise.withResolvers<Error>();
  readonly failed: Promise<Error> = this.#failed.promise;
  #waiting: Commit[] = [];
  /** What is done between two groups. */
  #between: (() => Promise<void>)[] = [];
  #inHand: readonly Commit[] = [];
  #running: Promise<void> | undefined;
  #refusal: Error | undefined;
  #closed: Promise<void> | undefined;

  /** `gathered`: resolves when the first write after a rest may begin; what was committed by then shares it. */
  constructor(write: WriteGroup, gathered: () => Promise<unknown> = () => Promise.resolve()) {
    this.#write = write;
    this.#gathered = gathered;
  }

  /** Commits as `Journal.commit` does. A value that can't be stored fails the store too: the caller already believes in it. */
  async commit(writes: readonly Write[]): Promise<void> {
    this.throwIfUnusable();
    let records: readonly RecordText[];
    try {
      records = writes.map(encodeWrite);
    } catch (cause) {
      throw this.fail(
        new MeshError('store_failed', `The store stopped at a bug. ${(cause as Error).message}`, { cause }),
      );
    }
    const done = Promise.withResolvers<void>();
    const characters = records.reduce((sum, record) => sum + record.key.length + (record.text?.length ?? 0), 0);
    this.#waiting.push({ records, characters, resolve: done.resolve, reject: done.reject });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Does `work` while no group is written; commits wait for it. Its failure is the store's. */
  async alone(work: () => Promise<void>): Promise<void> {
    this.throwIfUnusable();
    const done = Promise.withResolvers<void>();
    this.#between.push(async () => {
      try {
        if (this.#refusal) throw this.#refusal;
        await work();
        done.resolve();
      } catch (error) {
        done.reject(this.fail(error as Error));
      }
    });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Makes `reason` the end of the store, unless it has one already; returns the one that counts. */
  fail(reason: Error): Error {
    if (this.#refusal === undefined) {
      this.#refusal = reason;
      this.#failed.resolve(reason);
    }
    for (const commit of this.#waiting.splice(0)) commit.reject(this.#refusal);
    return this.#refusal;
  }

  get hasFailed(): boolean {
    return this.#refusal !== undefined;
  }

  /** Throws the `store_failed` that every call must answer once the store has failed or is closing. */
  throwIfUnusable(): void {
    if (this.#refusal) throw this.#refusal;
    if (this.#closed !== undefined) throw new MeshError('store_failed', 'The store is closed: this node is stopping.');
  }

  /** Refuses new commits, lets those in hand end, and then calls `release` once, however often `close` itself is called. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closed ??= Promise.resolve(this.#running).then(release);
    return this.#closed;
  }

  /** Commits that were not acknowledged yet, the oldest first. */
  get pending(): readonly (readonly RecordText[])[] {
    return [...this.#inHand, ...this.#waiting].map((commit) => commit.records);
  }

  async #run(): Promise<void> {
    await this.#gathered();
    while (this.#waiting.length > 0 || this.#between.length > 0) {
      for (const work of this.#between.splice(0)) await work();
      this.#inHand = this.#takeGroup();
      try {
        const records = newestOf(this.#inHand);
        if (records.length > 0) await this.#write(records);
        for (const commit of this.#inHand) commit.resolve();
      } catch (error) {
        const reason = this.fail(error as Error);
        for (const commit of this.#inHand) commit.reject(reason);
      }
      this.#inHand = [];
    }
    this.#running = undefined;
  }

  #takeGroup(): readonly Commit[] {
    let [count, records, characters] = [0, 0, 0];
    for (const commit of this.#waiting) {
      records += commit.records.length;
      characters += commit.characters;
      if (count > 0 && (records > GROUP_RECORDS_MAX || characters > GROUP_CHARACTERS_MAX)) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }
}

/** Records of a group: of a key that several commits write, only what the last of them writes, for nobody ever sees the others. */
function newestOf(commits: readonly Commit[]): readonly RecordText[] {
  const [first, ...others] = commits;
  if (first === undefined || others.length === 0) return first?.records ?? [];
  const newest = new Map<string, RecordText>();
  for (const { records } of commits) for (const record of records) newest.set(record.key, record);
  return [...newest.values()];
}
