// Which records of one subscription changed. Values are read when the ledger makes up its commit, so that a commit shows the moment
// of the commit and not that of the mark.
import {
  acceptancesKey,
  type DeadLetter,
  deadKey,
  laneKey,
  PROGRESS_PREFIX,
  type Progress,
  replayKey,
  type StoredAcceptances,
  type StoredLane,
  type StoredReplay,
  SUBSCRIPTION_PREFIX,
  type Subscription,
} from '../webhook-records.ts';
import type { Ledger } from './ledger.ts';

export class ChannelRecords {
  readonly #ledger: Ledger;
  readonly #id: string;
  #isRemoved = false;

  constructor(ledger: Ledger, subscriptionId: string) {
    this.#ledger = ledger;
    this.#id = subscriptionId;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  subscription(value: () => Subscription): void {
    this.#mark(SUBSCRIPTION_PREFIX + this.#id, value);
  }

  progress(value: () => Progress): void {
    this.#mark(PROGRESS_PREFIX + this.#id, value);
  }

  /** `undefined`: the lane ended. `replayId`: of a lane of a replay. */
  lane(
    of: { readonly name: string; readonly replayId: string | undefined },
    value: () => StoredLane | undefined,
  ): void {
    this.#mark(laneKey(this.#id, of), value);
  }

  /** `undefined`: the replay is over. */
  replay(replayId: string, value: () => StoredReplay | undefined): void {
    this.#mark(replayKey(this.#id, replayId), value);
  }

  dead(letter: DeadLetter): void {
    this.#mark(deadKey(this.#id, letter.seq), () => letter);
  }

  acceptances(slot: number, value: () => StoredAcceptances): void {
    this.#mark(acceptancesKey(this.#id, slot), value);
  }

  /** A dead letter that was accepted after all. */
  raised(seq: number): void {
    this.#mark(deadKey(this.#id, seq), () => undefined);
  }

  /** Erases the record by which the subscription comes back. Nothing is marked afterwards. */
  remove(): void {
    this.#mark(SUBSCRIPTION_PREFIX + this.#id, () => undefined);
    this.#isRemoved = true;
  }

  #mark(key: string, value: () => unknown): void {
    if (!this.#isRemoved) this.#ledger.mark(key, value);
  }
}
