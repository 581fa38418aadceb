// How fast attempts of one subscription may begin: within any second at most as many as its owner asked for.
// Step 3 of node/webhooks/README.md, "A delivery, step by step".
import type { Clock } from '../../../mesh/ports.ts';

const SECOND_MS = 1_000;

export class Pace {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #ratePerSecond: () => number | undefined;
  /** When the attempts of the last second began, the oldest first. */
  #begun: number[] = [];

  /** `ratePerSecond`: as it is now; `undefined`: nobody counts. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, ratePerSecond: () => number | undefined) {
    this.#clock = clock;
    this.#ratePerSecond = ratePerSecond;
  }

  /** An attempt begins. */
  begin(): void {
    if (this.#ratePerSecond() === undefined) this.#begun = [];
    else this.#begun.push(this.#clock.monotonicMs());
  }

  /** Milliseconds until the next attempt may begin. */
  get waitMs(): number {
    const ratePerSecond = this.#ratePerSecond();
    if (ratePerSecond === undefined) return 0;
    const nowMs = this.#clock.monotonicMs();
    while (this.#begun[0] !== undefined && this.#begun[0] <= nowMs - SECOND_MS) this.#begun.shift();
    const before = this.#begun.at(-ratePerSecond);
    return before === undefined ? 0 : before + SECOND_MS - nowMs;
  }
}
