// Many timers over one sleep: thousands of attempts, each with a deadline that mostly never comes, cost a heap entry and not a
// timer of the runtime each; and stopping is one abort.

import type { Clock } from '../ports.ts';
import { Heap } from './heap.ts';

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  fire(): void;
}

/** A reason of its own spares the making of a DOMException, with its stack, for every alarm. */
const RESET = Symbol('reset');

export class Alarms {
  readonly #clock: Clock;
  readonly #due = new Heap<Alarm>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  #order = 0;
  #sleep: AbortController | undefined;
  #stopped = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `fire` once, `afterMs` from now or a little later; never after `stop`. */
  set(afterMs: number, fire: () => void): void {
    if (this.#stopped) return;
    this.#order += 1;
    const alarm: Alarm = { atMs: this.#clock.monotonicMs() + afterMs, order: this.#order, fire };
    this.#due.push(alarm);
    if (this.#due.peek() === alarm) this.#rearm();
  }

  stop(): void {
    this.#stopped = true;
    this.#sleep?.abort(RESET);
  }

  #rearm(): void {
    this.#sleep?.abort(RESET);
    const next = this.#due.peek();
    if (this.#stopped || next === undefined) return;
    const sleep = new AbortController();
    this.#sleep = sleep;
    void this.#clock.sleep(Math.max(0, next.atMs - this.#clock.monotonicMs()), sleep.signal).then(() => {
      if (!sleep.signal.aborted) this.#ring();
    });
  }

  #ring(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#due.peek(); next !== undefined && next.atMs <= nowMs; next = this.#due.peek()) {
      this.#due.pop();
      next.fire();
    }
    this.#rearm();
  }
}
