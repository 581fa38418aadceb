// A disk in virtual time. One sync takes everything that was pending when it began, as the store's group commit does; a crash keeps
// some first of the writes under way. It can be made to lie, for a test of the tests.
import type { Random, Write } from '../../mesh/ports.ts';
import type { SimulatedTime } from './simulated-time.ts';

export interface DiskRules {
  /** Whether what was acknowledged survives a crash. */
  readonly isHonest: boolean;
  /** Whether a write reaches the disk at all. */
  keeps(write: Write, before: unknown): boolean;
}

export const SOUND_DISK: DiskRules = { isHonest: true, keeps: () => true };
/** How much later than acknowledged a lying disk writes. */
const LIE = 20;

interface Pending {
  readonly writes: readonly Write[];
  after(): void;
}

export interface DiskOptions {
  readonly time: SimulatedTime;
  readonly random: Random;
  readonly rules: DiskRules;
  /** Longest time of a sync, in milliseconds. */
  syncMs(): number;
  /** Told of what is durable now. */
  written(writes: readonly Write[]): void;
}

export class SimulatedDisk {
  /** What survives a crash. */
  readonly records = new Map<string, unknown>();
  readonly #options: DiskOptions;
  #pending: Pending[] = [];
  #isSyncing = false;
  /** Changes with each crash: what belongs to an earlier life is void. */
  #life = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** Calls `after` once the writes are durable, in the order of the commits. */
  commit(writes: readonly Write[], after: () => void): void {
    if (!this.#options.rules.isHonest) {
      const life = this.#life;
      this.#options.time.at(0, () => {
        if (this.#life === life) after();
      });
      this.#pending.push({ writes, after: () => undefined });
    } else this.#pending.push({ writes, after });
    if (!this.#isSyncing) this.#sync();
  }

  /** Of the writes under way, some first ones reached the disk, the others did not. */
  crash(): void {
    this.#life += 1;
    const reached = Math.floor(this.#options.random.next() * (this.#pending.length + 1));
    for (const { writes } of this.#pending.slice(0, reached)) this.#apply(writes);
    this.#pending = [];
    this.#isSyncing = false;
  }

  #sync(): void {
    const { time, random, syncMs, rules } = this.#options;
    const life = this.#life;
    const group = this.#pending.length;
    this.#isSyncing = true;
    time.at(random.next() * syncMs() * (rules.isHonest ? 1 : LIE), () => {
      if (this.#life !== life) return;
      const done = this.#pending.splice(0, group);
      this.#isSyncing = false;
      for (const { writes } of done) this.#apply(writes);
      if (this.#pending.length > 0) this.#sync();
      for (const { after } of done) if (this.#life === life) after();
    });
  }

  #apply(writes: readonly Write[]): void {
    const { rules, written } = this.#options;
    for (const write of writes) {
      const { key, value } = write;
      if (!rules.keeps(write, this.records.get(key))) continue;
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, value);
    }
    written(writes);
  }
}
