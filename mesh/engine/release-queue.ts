// The claims that are to be freed in an engine, until they are: one loop over all of them, many in one question, however many there are
// and however long the engine is away.

import { settledWrite } from '../claims/claim-records.ts';
import type { ReleasedClaim } from '../claims/claim-store.ts';
import { KEYS_PER_MESSAGE_MAX, SETTLE_RETRY_MS } from '../limits.ts';
import type { ClaimId } from '../names.ts';
import type { Journal } from '../ports.ts';

/** `remove`: it is known to be put, and was released. `abandon`: it may have been put, or may yet come to be. */
type Freeing = 'remove' | 'abandon';

interface Unsettled extends ReleasedClaim {
  readonly how: Freeing;
  /** Not before its release is durable. */
  readonly isDue: boolean;
  readonly freed: PromiseWithResolvers<void>;
}

export interface SettlingOptions {
  /** Asks the engine; rejects when it can't be asked. */
  readonly free: (how: Freeing, claims: readonly ReleasedClaim[]) => Promise<void>;
  readonly journal: Journal;
  /** Never resolves once the node is stopping. */
  readonly wait: (ms: number) => Promise<void>;
}

export class Settling {
  readonly #options: SettlingOptions;
  readonly #unsettled = new Map<ClaimId, Unsettled>();
  #isBusy = false;
  /** Fewer after a question that failed: one claim that can't be freed is not to hold up the others. */
  #atOnceMax = KEYS_PER_MESSAGE_MAX;

  constructor(options: SettlingOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#unsettled.size;
  }

  /** These will be freed. */
  announce(claims: readonly ReleasedClaim[]): void {
    for (const claim of claims) void this.#put(claim, 'remove', false);
  }

  /** Resolves when all of them are freed; never rejects. */
  async free(claims: readonly ReleasedClaim[], how: Freeing): Promise<void> {
    const freed = claims.map((claim) => this.#put(claim, how, true));
    if (!this.#isBusy) void this.#work();
    await Promise.all(freed);
  }

  #put({ key, claimId }: ReleasedClaim, how: Freeing, isDue: boolean): Promise<void> {
    const freed = this.#unsettled.get(claimId)?.freed ?? Promise.withResolvers<void>();
    this.#unsettled.set(claimId, { key, claimId, how, isDue, freed });
    return freed.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let due = this.#due(); due[0] !== undefined; due = this.#due()) {
      try {
        await this.#options.free(due[0].how, due);
        await this.#options.journal.commit(due.map(({ claimId }) => settledWrite(claimId)));
        for (const { claimId, freed } of due) {
          this.#unsettled.delete(claimId);
          freed.resolve();
        }
        this.#atOnceMax = Math.min(KEYS_PER_MESSAGE_MAX, 2 * this.#atOnceMax);
      } catch {
        // The asker has said what is wrong. Others first, the next time.
        for (const one of due) {
          this.#unsettled.delete(one.claimId);
          this.#unsettled.set(one.claimId, one);
        }
        this.#atOnceMax = Math.max(1, Math.floor(this.#atOnceMax / 2));
        await this.#options.wait(SETTLE_RETRY_MS);
      }
    }
    this.#isBusy = false;
  }

  /** The next that can be freed by one question. */
  #due(): readonly Unsettled[] {
    const due: Unsettled[] = [];
    for (const one of this.#unsettled.values()) {
      if (!one.isDue || (due[0] !== undefined && one.how !== due[0].how)) continue;
      if (due.push(one) === this.#atOnceMax) break;
    }
    return due;
  }
}
