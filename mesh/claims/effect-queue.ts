// The order in which effects are done: that in which the core decided on them. Doing one may tell the core of another event at once, so
// that it decides on more in the middle of a list; these come after the rest of the list, and no write overtakes an earlier one.
// The runner of a node and the simulator do their effects by this same queue.
import type { Effect } from '../state/events.ts';

export class EffectQueue {
  readonly #perform: (effect: Effect) => void;
  #waiting: Effect[] = [];
  #isDraining = false;

  constructor(perform: (effect: Effect) => void) {
    this.#perform = perform;
  }

  /**
   * Does these, and whatever they lead to at once, before it returns; or leaves them to the call that is at it already. Throws what an effect
   * throws. Those after that one are never done, so the claims must end then (quorum-claims.ts sees to it): the core counts them as done.
   */
  push(effects: readonly Effect[]): void {
    for (const effect of effects) this.#waiting.push(effect);
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      for (const effect of this.#waiting) this.#perform(effect);
    } finally {
      this.#waiting = [];
      this.#isDraining = false;
    }
  }
}
