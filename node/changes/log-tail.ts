// The newest entries in memory, by their positions, and the own ones among them by their places as well.
import { type ChangeEntry, isOwn, type OwnEntry } from './change-log.ts';

/** Newest entries of the log kept in memory, about 1 KiB each: readers that keep up never ask the disk. */
export const LOG_TAIL_ENTRIES_MAX = 4_096;

export class LogTail {
  #entries: ChangeEntry[] = [];
  #own: OwnEntry[] = [];

  push(entries: readonly ChangeEntry[]): void {
    for (const entry of entries) {
      this.#entries.push(entry);
      if (isOwn(entry)) this.#own.push(entry);
    }
    if (this.#entries.length <= 2 * LOG_TAIL_ENTRIES_MAX) return;
    // Cut back by half at a time: the cost per entry stays constant.
    this.#entries = this.#entries.slice(-LOG_TAIL_ENTRIES_MAX);
    const oldest = this.#entries[0]?.seq ?? 0;
    this.#own = this.#own.filter(({ seq }) => seq >= oldest);
  }

  /** Puts entries that have no place in the stead of those at their positions. */
  replace(entries: readonly ChangeEntry[]): void {
    const bySeq = new Map(entries.map((entry) => [entry.seq, entry]));
    this.#entries = this.#entries.map((entry) => bySeq.get(entry.seq) ?? entry);
  }

  /** The places of the entries that are here are those of a log that is no more. */
  forgetPlaces(): void {
    this.#own = [];
  }

  /** Entries `after + 1` to `end`; `undefined` when they are not all here. */
  entries(after: number, end: number): readonly ChangeEntry[] | undefined {
    return stretch(this.#entries, this.#entries[0]?.seq, after, end);
  }

  /** The own entries at the places `after + 1` to `end`; `undefined` when they are not all here. */
  own(after: number, end: number): readonly OwnEntry[] | undefined {
    return stretch(this.#own, this.#own[0]?.place.n, after, end);
  }
}

function stretch<Entry>(
  entries: readonly Entry[],
  oldest: number | undefined,
  after: number,
  end: number,
): readonly Entry[] | undefined {
  return oldest === undefined || after < oldest - 1 ? undefined : entries.slice(after + 1 - oldest, end + 1 - oldest);
}
