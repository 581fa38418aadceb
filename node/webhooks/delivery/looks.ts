// Whom a look of the loop is for. A delivery changes something for its own subscription, so that its look is for that one, however many there
// are; a look is for all of them when an entry was logged, when the time has come at which time alone changes something for one, and when the
// clock was set back. Pure: moments come in.

/** What time alone changes, and when. */
export interface Looked {
  /** Wall clock, in milliseconds; infinite: never. */
  nextChangeMs(nowMs: number): number;
}

export class Looks<One extends Looked> {
  readonly #stirred = new Set<One>();
  #isForAll = true;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** The first moment at which time may change something for one of them. */
  #nextMs = Number.POSITIVE_INFINITY;

  /** Takes note that something changed for this one. */
  stir(one: One): void {
    this.#stirred.add(one);
  }

  /** Takes note of a change that may be of use to each. */
  stirAll(): void {
    this.#isForAll = true;
  }

  /** Returns who is to be looked at now, of `all` that there are. */
  take(all: ReadonlySet<One>, nowMs: number): readonly One[] {
    const isForAll = this.#isForAll || nowMs >= this.#nextMs || nowMs < this.#lookedMs;
    const those = isForAll ? [...all] : [...this.#stirred].filter((one) => all.has(one));
    if (isForAll) this.#nextMs = Number.POSITIVE_INFINITY;
    this.#isForAll = false;
    this.#stirred.clear();
    this.#lookedMs = nowMs;
    return those;
  }

  /** Takes note of those that have been looked at, or had something done for them. Returns when a look is due by time alone (wall clock). */
  done(those: Iterable<One>, nowMs: number): number {
    for (const one of those) this.#nextMs = Math.min(this.#nextMs, one.nextChangeMs(nowMs));
    return this.#nextMs;
  }
}
