// What is done for each of many once in a while, at most: whom it was done for lately is remembered, and nobody else.
export class Seldom<Key> {
  readonly #everyMs: number;
  /** By the monotonic clock, the longest ago first. */
  readonly #doneAtMs = new Map<Key, number>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#doneAtMs.size;
  }

  /** Whether it is time for this one; then it counts as done at `nowMs`. */
  isTime(key: Key, nowMs: number): boolean {
    for (const [one, atMs] of this.#doneAtMs) {
      if (nowMs - atMs < this.#everyMs) break;
      this.#doneAtMs.delete(one);
    }
    if (this.#doneAtMs.has(key)) return false;
    this.#doneAtMs.set(key, nowMs);
    return true;
  }
}
