// How many hosts are asked themselves at once because no relay says enough of them. Where all hosts of a mesh have too much to do, the relays
// are late everywhere, and everybody would ask everybody on top of that: each question without an answer takes a place away, each answer gives
// one back.
import pLimit from 'p-limit';
import type { Outcome } from './asking-turns.ts';

/** At first, … */
const DIRECT_PLACES = 8;
/** … where all fail, for those that are dead keep a place each for as long as an answer may take, and where all answer. */
export const DIRECT_PLACES_MIN = 4;
export const DIRECT_PLACES_MAX = 32;

export class DirectPlaces {
  readonly #places = pLimit(DIRECT_PLACES);

  /** Runs `ask` once there is a place. Rejects as it does. */
  ask(ask: () => Promise<Outcome>): Promise<Outcome> {
    return this.#places(async () => {
      const outcome = await ask();
      const count = this.#places.concurrency + (outcome.kind === 'failed' ? -1 : 1);
      this.#places.concurrency = Math.min(DIRECT_PLACES_MAX, Math.max(DIRECT_PLACES_MIN, count));
      return outcome;
    });
  }
}
