// One sleep for all that waits: until the next thing is due, unless something comes that is due sooner. A sleep is bounded, so that a
// wall clock which was set meanwhile is noticed by whoever looks at it after each sleep.
import type { Clock } from '../ports.ts';

/** A wall clock that was set is noticed within this long. */
const SLEEP_MS_MAX = 30_000;
/** With nothing to wait for there is nothing to notice. */
const IDLE_MS_MAX = 3_600_000;
/** A reason that is there already: making one for each wake would cost more than the wake. */
const WOKEN = new Error('Something is due.');

export class Sleeper {
  readonly #clock: Clock;
  #sleep = new AbortController();
  /** What it sleeps for; like all times here, of the monotonic clock. */
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on a `wake` is not missed: it ends the next `sleepUntil` too. */
  prepare(): void {
    this.#sleep = new AbortController();
  }

  /** Sleeps until then or until woken, at least 1 ms and at most `SLEEP_MS_MAX`; infinite: until woken, at most an hour. */
  sleepUntil(untilMs: number): Promise<void> {
    this.#untilMs = untilMs;
    const most = untilMs === Number.POSITIVE_INFINITY ? IDLE_MS_MAX : SLEEP_MS_MAX;
    const ms = Math.min(Math.max(1, untilMs - this.#clock.monotonicMs()), most);
    return this.#clock.sleep(ms, this.#sleep.signal);
  }

  /** Ends the sleep under way, and the next one where `prepare` was called since the last. */
  wake(): void {
    this.#sleep.abort(WOKEN);
  }

  /** Something is due then: only what is sooner than what it sleeps for need wake it. */
  wakeFor(dueMs: number): void {
    if (dueMs < this.#untilMs) this.wake();
  }
}
