// The change log as the deliveries read it: all subscriptions together keep a bounded number of entries in memory, each in the
// slot of its position. Subscriptions that keep up, or drain the same backlog, share one read; a subscription that lags asks the log again.
import type { ChangeEntry, ChangeLog } from '../../changes/change-log.ts';

/** Entries asked of the log at once, and kept in memory for all subscriptions together (about 1 KiB each). */
export const LOG_PAGE_ENTRIES_MAX = 128;
const LOG_CACHE_ENTRIES_MAX = 4_096;

export class LogPages {
  readonly #changes: ChangeLog;
  readonly #slots: (ChangeEntry | undefined)[] = [];
  readonly #reads = new Map<number, Promise<readonly ChangeEntry[]>>();

  constructor(changes: ChangeLog) {
    this.#changes = changes;
  }

  get head(): number {
    return this.#changes.head;
  }

  /** Some entries that follow `seq`, in order, at most a page; none only when `seq` is the head. */
  async after(seq: number): Promise<readonly ChangeEntry[]> {
    const known: ChangeEntry[] = [];
    while (known.length < LOG_PAGE_ENTRIES_MAX) {
      const entry = this.#known(seq + 1 + known.length);
      if (entry === undefined) break;
      known.push(entry);
    }
    if (known.length > 0) return known;
    const reading = this.#reads.get(seq) ?? this.#read(seq);
    this.#reads.set(seq, reading);
    return reading;
  }

  async #read(seq: number): Promise<readonly ChangeEntry[]> {
    try {
      const read = await this.#changes.read(seq, LOG_PAGE_ENTRIES_MAX);
      for (const entry of read) this.#slots[entry.seq % LOG_CACHE_ENTRIES_MAX] = entry;
      return read;
    } finally {
      this.#reads.delete(seq);
    }
  }

  /** One entry; `undefined` when the log does not have it any more. */
  async entry(seq: number): Promise<ChangeEntry | undefined> {
    const known = this.#known(seq);
    if (known !== undefined) return known;
    const [entry] = await this.#changes.read(seq - 1, 1);
    return entry?.seq === seq ? entry : undefined;
  }

  #known(seq: number): ChangeEntry | undefined {
    const entry = this.#slots[seq % LOG_CACHE_ENTRIES_MAX];
    return entry?.seq === seq ? entry : undefined;
  }
}
