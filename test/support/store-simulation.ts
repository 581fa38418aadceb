// The store in many short lives, each ended by a kill, a power cut, a call that fails or an orderly end: the real store over a simulated disk and
// database. After each life everything acknowledged must be there, and nothing but the commits that were made, up to one of them.
import type { Random, Write } from '../../mesh/ports.ts';
import { type CommitLogOptions, openCommitLog } from '../../node/store/commits/commit-log.ts';
import { FILE_HEADER_BYTES, LOG_ID_BYTES } from '../../node/store/commits/file-header.ts';
import { parseKnownLog } from '../../node/store/commits/known-log.ts';
import { DiskStore } from '../../node/store/disk-store.ts';
import { DurableRecords } from '../../node/store/durable-records.ts';
import { pathsIn } from '../../node/store/paths.ts';
import { FORMAT_VERSION } from '../../node/store/schema.ts';
import type { Store } from '../../node/store/store.ts';
import type { Troubles } from './claim-lives.ts';
import { RecordingLog } from './recording-log.ts';
import { seededRandom } from './seeded-random.ts';
import { SimulatedLogDisk, type Step } from './simulated-log-disk.ts';
import { type SimulatedDatabase, SimulatedRecordThread } from './simulated-record-thread.ts';

const LIVES = 8;
const ROUNDS_MAX = 12;
const COMMITS_AT_ONCE_MAX = 4;
const KEYS = 12;
/** A few groups fill such a file, and some are larger than it. */
const FILE_BYTES = FILE_HEADER_BYTES + 1_000;
const TEXT_CHARACTERS_MAX = 1_400;
const STEPS_MAX = 400;
const STEPS_AFTER_FAILURE_MAX = 150;
const { commitLog, ...OTHERS } = pathsIn('');
const [FIRST, SECOND, ...FURTHER] = commitLog;
const FILES_MAX = 4;

type Ending = 'kill' | 'power cut' | 'failure' | 'close';
const ENDINGS: readonly Ending[] = ['kill', 'power cut', 'failure', 'close'];

type Content = ReadonlyMap<string, unknown>;

export interface StoreLifeOptions {
  readonly trace?: ((line: string) => void) | undefined;
}

/** Some lives of one store, one after the other. By the seed its commit log has two, three or four files at most. */
export async function storeLife(seed: number, { trace }: StoreLifeOptions = {}): Promise<Troubles> {
  const random = seededRandom(seed);
  const database: SimulatedDatabase = { records: new Map(), log: undefined };
  let disk = new SimulatedLogDisk(random);
  const paths = { ...OTHERS, commitLog: [FIRST, SECOND, ...FURTHER.slice(0, seed % (FILES_MAX - 1))] as const };
  let before: Content = new Map();
  for (let number = 1; number <= LIVES; number += 1) {
    const ending = ENDINGS[Math.floor(random.next() * ENDINGS.length)] ?? 'close';
    trace?.(`life ${number}, which ends by: ${ending}`);
    const life = new Life({ random, ending, before, trace, paths });
    disk = disk.afterKill(life.step);
    await Promise.race([life.run(disk, database), life.over]);
    const isDark = ending === 'power cut' || (ending === 'failure' && random.next() < 0.5);
    disk = isDark ? disk.afterPowerCut() : disk.afterKill();
    const troubles = [...life.troubles, ...(await life.judge(disk, database))];
    if (troubles.length > 0) return troubles.map((trouble) => `life ${number}, ended by a ${ending}: ${trouble}`);
    before = life.after;
  }
  return [];
}

interface LifeOptions {
  readonly random: Random;
  readonly ending: Ending;
  /** What was there at its beginning. */
  readonly before: Content;
  readonly trace: ((line: string) => void) | undefined;
  readonly paths: CommitLogOptions['paths'];
}

class Life {
  readonly troubles: string[] = [];
  /** What was there at its end. */
  after: Content = new Map();
  readonly #over = Promise.withResolvers<void>();
  /** Resolves when its process is no more. */
  readonly over: Promise<void> = this.#over.promise;
  readonly #options: LifeOptions;
  #lastStep: number;
  #steps = 0;
  #hasFailed = false;
  readonly #made: (readonly Write[])[] = [];
  #acknowledged = 0;

  constructor(options: LifeOptions) {
    this.#options = options;
    this.#lastStep = 1 + Math.floor(options.random.next() ** 2 * STEPS_MAX);
  }

  /** Every call takes its time, and one may be the last, or fail. */
  readonly step: Step = async (call) => {
    const { random, ending, trace } = this.#options;
    for (let turns = Math.floor(random.next() * 4); turns > 0; turns -= 1) await undefined;
    this.#steps += 1;
    trace?.(`${this.#steps} ${call}`);
    if (ending === 'close' || this.#steps < this.#lastStep) return;
    if (ending !== 'failure' || this.#hasFailed) {
      this.#over.resolve();
      return new Promise(() => {});
    }
    this.#hasFailed = true;
    // A store that goes on is ended a little later.
    this.#lastStep += Math.floor(random.next() ** 2 * STEPS_AFTER_FAILURE_MAX);
    throw Object.assign(new Error(`${call} failed`), { code: random.next() < 0.5 ? 'EIO' : 'ENOSPC' });
  };

  async run(disk: SimulatedLogDisk, database: SimulatedDatabase): Promise<void> {
    let store: Store | undefined;
    let isToldOf = false;
    try {
      store = await openSimulated(disk, database, { paths: this.#options.paths, step: this.step });
      void store.failed.then(() => {
        isToldOf = true;
      });
      for (let left = Math.ceil(ROUNDS_MAX * this.#options.random.next()); left > 0; left -= 1) {
        const hadFailed = this.#hasFailed;
        await this.#commitSome(store);
        await this.#readSome(store);
        if (hadFailed) this.troubles.push('it goes on after a call has failed');
      }
      await store.close();
      // Put in its place now, it would take that of one which the next process has begun to write.
      if (disk.making > 0) this.troubles.push('it was closed, and a file of its log is still being made');
      if (this.#hasFailed && !isToldOf) this.troubles.push('a call has failed, and nobody heard of it');
    } catch (error) {
      if (!this.#hasFailed) this.troubles.push(`nothing had failed, and it said: ${(error as Error).message}`);
      else if (store) await this.#expectDead(store);
    }
  }

  /** What the next process finds. */
  async judge(disk: SimulatedLogDisk, database: SimulatedDatabase): Promise<Troubles> {
    let found: Content;
    try {
      const store = await openSimulated(disk, database, { paths: this.#options.paths });
      found = await contentOf(store);
      await store.close();
    } catch (error) {
      return [`it can't be opened: ${(error as Error).message}`];
    }
    const state = new Map(this.#options.before);
    for (let kept = 0; kept <= this.#made.length; kept += 1) {
      if (kept > 0) apply(state, this.#made[kept - 1] ?? []);
      if (kept < this.#acknowledged || !isSame(state, found)) continue;
      this.after = found;
      return [];
    }
    return [
      `${this.#acknowledged} of ${this.#made.length} commits were acknowledged, and what is there is no state after them`,
    ];
  }

  async #commitSome(store: Store): Promise<void> {
    const { random } = this.#options;
    const count = 1 + Math.floor(random.next() * COMMITS_AT_ONCE_MAX);
    const commits = Array.from({ length: count }, async () => {
      const writes = someWrites(random);
      this.#made.push(writes);
      const number = this.#made.length;
      await store.commit(writes);
      if (number !== this.#acknowledged + 1)
        this.troubles.push(`commit ${number} was acknowledged after ${this.#acknowledged}`);
      this.#acknowledged = number;
    });
    await Promise.all(commits);
  }

  /** While nothing is on its way, a reader sees what was acknowledged. */
  async #readSome(store: Store): Promise<void> {
    const state = new Map(this.#options.before);
    for (const writes of this.#made) apply(state, writes);
    if (this.#options.random.next() < 0.3 && !isSame(await contentOf(store, 3), state))
      this.troubles.push(`after ${this.#made.length} commits a reader sees something else`);
    const key = someKey(this.#options.random);
    if (JSON.stringify(await store.get(key)) !== JSON.stringify(state.get(key)))
      this.troubles.push(`after ${this.#made.length} commits the value of ${key} is another`);
  }

  async #expectDead(store: Store): Promise<void> {
    const isTaken = await store.commit([{ key: 'late', value: 1 }]).then(
      () => true,
      () => false,
    );
    if (isTaken) this.troubles.push('it goes on after a call has failed');
    // Where it was the closing that failed, it says so each time.
    await store.close().catch(() => {});
  }
}

interface Opening {
  readonly paths: CommitLogOptions['paths'];
  readonly step?: Step;
}

async function openSimulated(
  disk: SimulatedLogDisk,
  database: SimulatedDatabase,
  { paths, step }: Opening,
): Promise<Store> {
  const records = new DurableRecords(new SimulatedRecordThread(database, step));
  const known = database.log === undefined ? undefined : parseKnownLog(database.log, paths.database);
  const newId = () => new Uint8Array(LOG_ID_BYTES).fill(7);
  const options = { disk, paths, fileBytes: FILE_BYTES, behind: records, known, newId };
  return new DiskStore({
    records,
    commitLog: await openCommitLog(options),
    log: new RecordingLog(),
    format: FORMAT_VERSION,
  });
}

/** All that a reader sees, in pages of a few records when `limit` says so. */
async function contentOf(store: Store, limit?: number): Promise<Content> {
  const found = new Map<string, unknown>();
  let after = '';
  for (;;) {
    const size = found.size;
    for await (const page of store.load('', { after, ...(limit === undefined ? {} : { limit }) }))
      for (const { key, value } of page) {
        found.set(key, value);
        after = key;
      }
    if (limit === undefined || found.size === size) return found;
  }
}

const someKey = (random: Random) => `key/${Math.floor(random.next() * KEYS)}`;

function someWrites(random: Random): readonly Write[] {
  return Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => {
    const text = 'x'.repeat(Math.floor(random.next() ** 4 * TEXT_CHARACTERS_MAX));
    return { key: someKey(random), value: random.next() < 0.3 ? undefined : { n: random.next(), text } };
  });
}

function apply(state: Map<string, unknown>, writes: readonly Write[]): void {
  for (const { key, value } of writes) {
    if (value === undefined) state.delete(key);
    else state.set(key, value);
  }
}

function isSame(one: Content, other: Content): boolean {
  return (
    one.size === other.size &&
    [...one].every(([key, value]) => JSON.stringify(other.get(key)) === JSON.stringify(value))
  );
}
