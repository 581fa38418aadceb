// How one subscription's receiver is now: the record of endpoint.ts, moved on by what became of attempts. Chance lengthens or shortens pauses.
import type { Random } from '../../../mesh/ports.ts';
import type { Begun } from '../lanes/turn.ts';
import {
  afterOutage,
  afterRefusal,
  afterSuccess,
  type Endpoint,
  isLost,
  NEW_ENDPOINT,
  withoutPause,
  withSaneClock,
} from '../schedule/endpoint.ts';
import { retryDelayMs, type Verdict } from '../schedule/schedule.ts';

export class Health {
  readonly #random: Random;
  #endpoint: Endpoint;
  /** Pauses that an attempt must have seen to say something of the receiver. */
  #freshFromPauses = 0;

  constructor(endpoint: Endpoint, random: Random) {
    this.#endpoint = endpoint;
    this.#random = random;
  }

  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  /** Nothing is held against the receiver any more; attempts that are in flight count for nothing. */
  startAfresh(): void {
    const { pauses, lastSuccessMs } = this.#endpoint;
    this.#freshFromPauses = pauses + 1;
    this.#endpoint = { ...NEW_ENDPOINT, pauses: this.#freshFromPauses, lastSuccessMs };
  }

  /** Whether an attempt began before the last fresh start: what it failed by says nothing of the receiver as it is now. */
  isOutdated({ pausesSeen }: Begun): boolean {
    return pausesSeen < this.#freshFromPauses;
  }

  /** Ends the pause: one attempt may be made. */
  endPause(): void {
    this.#endpoint = withoutPause(this.#endpoint);
  }

  /** Corrects what a clock wrote that has been set back since. */
  correct(nowMs: number): void {
    this.#endpoint = withSaneClock(this.#endpoint, nowMs);
  }

  /** An attempt was accepted. `pausesSeen`: pauses that had begun when it did; one that began since stays. */
  succeed({ pausesSeen }: Begun, nowMs: number): void {
    this.#endpoint = afterSuccess(this.#endpoint, pausesSeen, nowMs);
  }

  /** Returns when the event of the failed attempt is due again (wall clock). */
  fail({ lane, pausesSeen, delayMs }: Begun, verdict: Verdict & { kind: 'failed' }, nowMs: number): number {
    const { retryAfterMs } = verdict;
    const pauseMs = retryDelayMs(this.#endpoint.streak + 1, this.#random);
    const failure = { pausesSeen, nowMs, retryAfterMs, delayMs: pauseMs };
    if (verdict.isEndpoint) {
      this.#endpoint = afterOutage(this.#endpoint, failure);
      // The lane waits for the endpoint, not for a place of its own in the schedule.
      return this.#endpoint.pausedUntilMs;
    }
    this.#endpoint = afterRefusal(this.#endpoint, lane.name, failure);
    return nowMs + Math.max(delayMs, retryAfterMs);
  }

  /** Whether nothing was accepted for so long, and so often, that the subscription is to be disabled. */
  isLost(nowMs: number): boolean {
    return isLost(this.#endpoint, nowMs);
  }
}
