// The claims that are to be ended in an engine, until they are: one loop over all of them, many in one question, however many there are
// and however long the engine is away. The intent of each is on the disk by then, so that a crash forgets none.

import { KEYS_PER_MESSAGE_MAX, RELEASE_RETRY_MS } from '../limits.ts';
import type { ClaimId } from '../names.ts';
import type { Journal } from '../ports.ts';
import { intentDone } from '../state/claim-records.ts';
import type { ReleasedClaim } from '../state/claim-store.ts';

/** `release`: the claim is known to be put, and no longer wished for. `abort`: it failed, and may have been put, or may yet come to be. */
type Ending = 'release' | 'abort';

interface WaitingClaim extends ReleasedClaim {
  readonly how: Ending;
  readonly ended: PromiseWithResolvers<void>;
}

export interface ReleaseQueueOptions {
  /** Asks the engine; rejects when it can't be asked. */
  readonly ask: (how: Ending, claims: readonly ReleasedClaim[]) => Promise<void>;
  readonly journal: Journal;
  /** Never resolves once the node is stopping. */
  readonly wait: (ms: number) => Promise<void>;
}

export class ReleaseQueue {
  readonly #options: ReleaseQueueOptions;
  readonly #waiting = new Map<ClaimId, WaitingClaim>();
  #isBusy = false;
  /** Fewer after a question that failed: one claim that can't be ended is not to hold up the others. */
  #atOnceMax = KEYS_PER_MESSAGE_MAX;

  constructor(options: ReleaseQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Ends these claims, for as long as it takes; their intents are durable. Resolves when the end of each is durable too; never rejects. */
  async end(claims: readonly ReleasedClaim[], how: Ending): Promise<void> {
    const ended = claims.map((claim) => this.#put(claim, how));
    if (!this.#isBusy) void this.#work();
    await Promise.all(ended);
  }

  #put({ key, claimId }: ReleasedClaim, how: Ending): Promise<void> {
    const ended = this.#waiting.get(claimId)?.ended ?? Promise.withResolvers<void>();
    this.#waiting.set(claimId, { key, claimId, how, ended });
    return ended.promise;
  }

  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#next(); next[0] !== undefined; next = this.#next()) {
      try {
        await this.#options.ask(next[0].how, next);
        await this.#options.journal.commit(next.map(({ claimId }) => intentDone(claimId)));
        for (const { claimId, ended } of next) {
          this.#waiting.delete(claimId);
          ended.resolve();
        }
        this.#atOnceMax = Math.min(KEYS_PER_MESSAGE_MAX, 2 * this.#atOnceMax);
      } catch {
        // Whoever asked the engine has said what is wrong. Other claims come first, the next time.
        for (const one of next) {
          this.#waiting.delete(one.claimId);
          this.#waiting.set(one.claimId, one);
        }
        this.#atOnceMax = Math.max(1, Math.floor(this.#atOnceMax / 2));
        await this.#options.wait(RELEASE_RETRY_MS);
      }
    }
    this.#isBusy = false;
  }

  /** The next that can be ended by one question. */
  #next(): readonly WaitingClaim[] {
    const next: WaitingClaim[] = [];
    for (const one of this.#waiting.values()) {
      if (next[0] !== undefined && one.how !== next[0].how) continue;
      if (next.push(one) === this.#atOnceMax) break;
    }
    return next;
  }
}
