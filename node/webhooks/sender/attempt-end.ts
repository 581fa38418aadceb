// How an attempt is ended from outside: its time is over, or the node cuts it off. Whatever the attempt waits for at that moment says what
// ends that.
import type { EqualDeadlines } from '../../../mesh/time/equal-deadlines.ts';

/** What it says is not read: `how` is. */
const OVER = new Error('The attempt is over.');

export class AttemptEnd implements Disposable {
  readonly #signal: AbortSignal;
  readonly #callOff: () => void;
  readonly #cut = () => this.#come('cut');
  #how: 'late' | 'cut' | undefined;
  #ends: (why: Error) => void = () => {};

  /** `deadlines`: of all attempts; this one's begins now. */
  constructor(deadlines: EqualDeadlines, signal: AbortSignal) {
    this.#signal = signal;
    this.#callOff = deadlines.start(() => this.#come('late'));
    signal.addEventListener('abort', this.#cut);
    if (signal.aborted) this.#cut();
  }

  /** `undefined`: it has not come. */
  get how(): 'late' | 'cut' | undefined {
    return this.#how;
  }

  throwIfCome(): void {
    if (this.#how !== undefined) throw OVER;
  }

  /** From now on `ends` ends what the attempt waits for; at once, if the end has come. */
  does(ends: (why: Error) => void): void {
    this.#ends = ends;
    if (this.#how !== undefined) ends(OVER);
  }

  [Symbol.dispose](): void {
    this.#callOff();
    this.#signal.removeEventListener('abort', this.#cut);
  }

  #come(how: 'late' | 'cut'): void {
    this.#how ??= how;
    this.#ends(OVER);
  }
}
