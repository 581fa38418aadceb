// The dead letters of one subscription: how many are kept, and how many had to go because there were too many of all subscriptions.
import type { DeadLetter, Progress } from '../webhook-records.ts';
import type { ChannelRecords } from './channel-records.ts';

export class KeptLetters {
  readonly #records: ChannelRecords;
  #count: number;
  #dropped: number;

  constructor(records: ChannelRecords, { dead, deadDropped }: Pick<Progress, 'dead' | 'deadDropped'>) {
    this.#records = records;
    this.#count = dead;
    this.#dropped = deadDropped;
  }

  get count(): number {
    return this.#count;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** `isDead`: it was one before. This and the others: the caller marks its progress in the same go. */
  keep(letter: DeadLetter, isDead: boolean): void {
    this.#records.dead(letter);
    if (!isDead) this.#count += 1;
  }

  /** Takes out a letter that was accepted after all. */
  letGo(seq: number): void {
    this.#records.raised(seq);
    this.#count = Math.max(0, this.#count - 1);
  }

  /** Takes out a letter that nobody accepted. */
  drop(seq: number): void {
    this.letGo(seq);
    this.#dropped += 1;
  }
}
