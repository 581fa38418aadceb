// Records of one file of the commit log that are not in the database yet: the newest of each key, in memory, in the order of their keys as far as
// somebody asks for it. What was written and removed again meanwhile is only a removal here.
import { compareKeys, type RecordText } from './record.ts';
import type { Slice } from './slice.ts';

/** About what a record takes in memory beside its key and its text, in octets. */
const RECORD_BYTES = 100;

export class Unapplied {
  readonly #texts = new Map<string, string | undefined>();
  /** All keys but those of `#unsorted`, in order. */
  #sorted: string[] = [];
  #unsorted: string[] = [];
  /** About what it takes in memory, in octets. */
  bytes = 0;

  put({ key, text }: RecordText): void {
    if (this.#texts.has(key)) this.bytes -= this.#bytesOf(key);
    else this.#unsorted.push(key);
    this.#texts.set(key, text);
    this.bytes += this.#bytesOf(key);
  }

  /** Leaves a key to a newer one of these. No `put` of it may follow. */
  drop(key: string): void {
    if (!this.#texts.has(key)) return;
    this.bytes -= this.#bytesOf(key);
    this.#texts.delete(key);
  }

  /** What is known of the key here; `undefined`: nothing. */
  find(key: string): RecordText | undefined {
    return this.#texts.has(key) ? { key, text: this.#texts.get(key) } : undefined;
  }

  /** Every record, in the order of their first writing. */
  *all(): Iterable<RecordText> {
    for (const [key, text] of this.#texts) yield { key, text };
  }

  /** Up to `limit` whose key begins with `prefix` and is greater than `after`. */
  slice(prefix: string, after: string, limit: number): Slice {
    this.#sort();
    const records: RecordText[] = [];
    const first = compareKeys(after, prefix) < 0 ? this.#firstFrom(prefix) : this.#firstBehind(after);
    for (let at = first; at < this.#sorted.length; at += 1) {
      const key = this.#sorted[at] ?? '';
      if (!key.startsWith(prefix)) break;
      if (!this.#texts.has(key)) continue;
      if (records.length === limit) return { records, isWhole: false };
      records.push({ key, text: this.#texts.get(key) });
    }
    return { records, isWhole: true };
  }

  #bytesOf(key: string): number {
    return RECORD_BYTES + key.length + (this.#texts.get(key)?.length ?? 0);
  }

  #firstFrom(key: string): number {
    return this.#search((found) => compareKeys(found, key) >= 0);
  }

  #firstBehind(key: string): number {
    return this.#search((found) => compareKeys(found, key) > 0);
  }

  /** The place of the first key that fits, when all behind it do. */
  #search(fits: (key: string) => boolean): number {
    let [low, high] = [0, this.#sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (fits(this.#sorted[middle] ?? '')) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Puts in order what came since somebody last asked. */
  #sort(): void {
    if (this.#unsorted.length === 0) return;
    const added = this.#unsorted.sort(compareKeys);
    const before = this.#sorted;
    const sorted: string[] = [];
    let from = 0;
    for (const key of added) {
      const to = this.#firstFrom(key);
      for (; from < to; from += 1) sorted.push(before[from] ?? '');
      sorted.push(key);
    }
    for (; from < before.length; from += 1) sorted.push(before[from] ?? '');
    this.#sorted = sorted;
    this.#unsorted = [];
  }
}
