// One sleep for all that waits: until the next thing is due, unless something comes that is due sooner.
import type { Clock } from '../../mesh/ports.ts';

/** A clock that was set is noticed within this long. */
const SLEEP_MS_MAX = 30_000;
/** A reason that is there already: making one for each wake would cost more than the wake. */
const WOKEN = new Error('Something is due.');

export class Sleeper {
  readonly #clock: Clock;
  #sleep = new AbortController();
  /** What it sleeps for, by the wall clock. */
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on a `wake` is not missed: it ends the next `sleepUntil` too. */
  prepare(): void {
    this.#sleep = new AbortController();
  }

  /** `untilMs`: by the wall clock. */
  sleepUntil(untilMs: number): Promise<void> {
    this.#untilMs = untilMs;
    const ms = Math.min(Math.max(1, untilMs - this.#clock.wallMs()), SLEEP_MS_MAX);
    return this.#clock.sleep(ms, this.#sleep.signal);
  }

  wake(): void {
    this.#sleep.abort(WOKEN);
  }

  /** Something is due then: only what is sooner than what it sleeps for need wake it. */
  wakeFor(dueMs: number): void {
    if (dueMs < this.#untilMs) this.wake();
  }
}
