// All records that are durable in the commit log and not yet in the database, by the files of the log that have them. Of each key only the newest
// is kept: what a later file has is dropped from an earlier one, so it never goes into the database, and a mail's content that has come and gone
// meanwhile costs it nothing.
import type { RecordText } from './record.ts';
import type { Slice } from './slice.ts';
import { Unapplied } from './unapplied.ts';

interface EndedFile {
  /** The number of its last group. */
  readonly group: number;
  readonly records: Unapplied;
}

export class UnappliedFiles {
  /** Files that nothing more is added to, the oldest first. */
  #ended: readonly EndedFile[] = [];
  #newest = new Unapplied();
  /** Which of them has a key. */
  readonly #holders = new Map<string, Unapplied>();

  /** About what they take in memory, in octets. */
  get bytes(): number {
    return this.#ended.reduce((sum, { records }) => sum + records.bytes, this.#newest.bytes);
  }

  put(record: RecordText): void {
    const holder = this.#holders.get(record.key);
    this.#newest.put(record);
    if (holder === this.#newest) return;
    holder?.drop(record.key);
    this.#holders.set(record.key, this.#newest);
  }

  /** What is put from now on is of another file than what was put up to that group. */
  endFile(group: number): void {
    this.#ended = [...this.#ended, { group, records: this.#newest }];
    this.#newest = new Unapplied();
  }

  /** The files that have ended with that group or before, the oldest first. */
  endedUntil(group: number): readonly Unapplied[] {
    return this.#ended.filter((file) => file.group <= group).map(({ records }) => records);
  }

  /** To be called when the database has these. */
  forgetUntil(group: number): void {
    for (const records of this.endedUntil(group)) for (const { key } of records.all()) this.#holders.delete(key);
    this.#ended = this.#ended.filter((file) => file.group > group);
  }

  /** What is known of the key here; `undefined`: nothing. */
  find(key: string): RecordText | undefined {
    return this.#holders.get(key)?.find(key);
  }

  /** Up to `limit` of each file whose key begins with `prefix` and is greater than `after`, the newest file first. No key is in two of them. */
  slices(prefix: string, after: string, limit: number): readonly Slice[] {
    return [...this.#newestFirst()].map((records) => records.slice(prefix, after, limit));
  }

  /** Every record; no key comes twice. */
  *all(): Iterable<RecordText> {
    for (const records of this.#newestFirst()) yield* records.all();
  }

  *#newestFirst(): Iterable<Unapplied> {
    yield this.#newest;
    for (let at = this.#ended.length - 1; at >= 0; at -= 1) yield (this.#ended[at] as EndedFile).records;
  }
}
