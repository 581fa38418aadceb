// Deadlines that are all equally long, such as that of every attempt or of every idle connection: they fall due in the order in which they
// began, so one sleep serves for all of them, and one that is called off costs next to nothing. A deadline does not stop any work: whoever
// set it is told, and does that.
import type { Clock } from '../ports.ts';

/** A reason of its own spares the making of a DOMException. */
const STOPPED = Symbol('stopped');

interface Running {
  readonly atMs: number;
  readonly late: () => void;
}

export class EqualDeadlines {
  readonly #clock: Clock;
  readonly #ms: number;
  /** In the order in which they fall due. */
  readonly #running = new Set<Running>();
  readonly #stopping = new AbortController();
  #isAsleep = false;

  /** `ms`: of the monotonic clock. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Calls `late` when the time is over, or a little later, unless the deadline was called off by what this returns. Never after `stop`. */
  start(late: () => void): () => void {
    const running = { atMs: this.#clock.monotonicMs() + this.#ms, late };
    this.#running.add(running);
    if (!this.#isAsleep) void this.#watch();
    return () => this.#running.delete(running);
  }

  stop(): void {
    this.#running.clear();
    this.#stopping.abort(STOPPED);
  }

  /** Sleeps from one deadline to the next, as long as there is one. What is called off meanwhile does not end the sleep. */
  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    this.#isAsleep = true;
    for (let next = this.#first; next !== undefined && !signal.aborted; next = this.#first) {
      const waitMs = next.atMs - this.#clock.monotonicMs();
      if (waitMs > 0) await this.#clock.sleep(waitMs, signal);
      else if (this.#running.delete(next)) next.late();
    }
    this.#isAsleep = false;
  }

  get #first(): Running | undefined {
    return this.#running.values().next().value;
  }
}
