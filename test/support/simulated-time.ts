// Virtual time for simulations: what is due happens in its order, at once.
import { Heap } from '../../mesh/time/heap.ts';

interface Due {
  readonly atMs: number;
  readonly order: number;
  run(): void;
}

export class SimulatedTime {
  nowMs = 0;
  readonly #due = new Heap<Due>((a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order));
  #order = 0;

  /** Something at `afterMs` from now. */
  at(afterMs: number, run: () => void): void {
    this.#order += 1;
    this.#due.push({ atMs: this.nowMs + afterMs, order: this.#order, run });
  }

  /** When the next thing is due. */
  next(): number | undefined {
    return this.#due.peek()?.atMs;
  }

  /** Lets time pass. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#due.peek(); next !== undefined && next.atMs <= endMs; next = this.#due.peek()) {
      this.#due.pop();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }
}
