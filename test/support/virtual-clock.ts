// A clock that moves only when a test says so. Sleepers wake in the order of their deadlines; between two of them every
// promise that can go on does.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../mesh/ports.ts';

/** Far more than any test needs in one `advance`: what wakes as often waits for nothing, again and again, and would seem to hang. */
const WAKES_MAX = 50_000;

interface Sleeper {
  readonly atMs: number;
  readonly order: number;
  wake(): void;
}

export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #startMs: number;
  readonly #sleepers = new Set<Sleeper>();

  /** `startMs`: what `wallMs` says at the beginning. */
  constructor(startMs = Date.UTC(2026, 0, 27, 12)) {
    this.#startMs = startMs;
  }

  wallMs(): number {
    return this.#startMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      this.#order += 1;
      const sleeper: Sleeper = { atMs: this.#nowMs + Math.max(0, ms), order: this.#order, wake: end };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', end, { once: true });
    });
  }

  /** Sets the wall clock, back or forth; elapsed time does not notice. */
  setWall(byMs: number): void {
    this.#startMs += byMs;
  }

  /** How many are asleep: a test can see that nothing was left behind. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Lets everything that needs no time go on. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  }

  /** Moves time on by `ms`, waking sleepers on the way. Rejects when somebody wakes again and again to no end. */
  async advance(ms: number): Promise<void> {
    const startMs = this.#nowMs;
    const endMs = startMs + ms;
    await this.settle();
    for (let wakes = 1; ; wakes += 1) {
      const next = this.#earliest();
      if (next === undefined || next.atMs > endMs) break;
      if (wakes > WAKES_MAX)
        throw new Error(
          `Sleepers woke ${WAKES_MAX} times in ${this.#nowMs - startMs} ms of ${ms}: who waits for nothing?`,
        );
      this.#nowMs = next.atMs;
      next.wake();
      await this.settle();
    }
    this.#nowMs = endMs;
  }

  #earliest(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (
        first === undefined ||
        sleeper.atMs < first.atMs ||
        (sleeper.atMs === first.atMs && sleeper.order < first.order)
      )
        first = sleeper;
    }
    return first;
  }
}
