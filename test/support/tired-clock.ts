// A clock on which every look at it takes a millisecond, and that counts how often somebody slept: to see whether long work is done in turns.
import type { Clock } from '../../mesh/ports.ts';

export class TiredClock implements Clock {
  sleeps = 0;
  #nowMs = 0;

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }

  sleep(): Promise<void> {
    this.sleeps += 1;
    return Promise.resolve();
  }
}
