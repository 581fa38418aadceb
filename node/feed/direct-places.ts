// How many hosts are asked themselves at once because no relay says enough of them, or for the first time by a voter of a large mesh. Where all hosts of a mesh have too much to do, the relays
// are late everywhere, and everybody would ask everybody on top of that, until no greeting finds room: so whoever is answered slowly asks
// fewer, and rests in between. A question without an answer takes a place away, a quick answer gives one back.
import pLimit from 'p-limit';
import type { Clock } from '../../mesh/ports.ts';
import type { Outcome } from './asking-turns.ts';

/** At first: in a new mesh, all hosts begin to ask in the same moment. */
export const DIRECT_PLACES = 2;
/** Where all fail, for those that are dead keep a place each for as long as an answer may take. */
export const DIRECT_PLACES_MIN = 2;
/** Where all answer. */
export const DIRECT_PLACES_MAX = 32;
/** What takes longer is slow: half of the places go, down to a single one, … */
export const SLOW_ANSWER_MS = 1_000;
/** … and this one rests so many times as long as the answer took, up to … */
const REST_FACTOR = 4;
export const DIRECT_REST_MS_MAX = 10_000;

export class DirectPlaces {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #places = pLimit(DIRECT_PLACES);

  constructor(clock: Pick<Clock, 'monotonicMs' | 'sleep'>) {
    this.#clock = clock;
  }

  /** Runs `ask` once there is a place, and rests after a slow answer until `signal` aborts. Rejects as `ask` does. */
  ask(ask: () => Promise<Outcome>, signal: AbortSignal): Promise<Outcome> {
    return this.#places(async () => {
      const sinceMs = this.#clock.monotonicMs();
      const outcome = await ask();
      const tookMs = this.#clock.monotonicMs() - sinceMs;
      this.#places.concurrency = placesAfter(this.#places.concurrency, outcome, tookMs);
      if (isSlow(outcome, tookMs)) await this.#clock.sleep(Math.min(REST_FACTOR * tookMs, DIRECT_REST_MS_MAX), signal);
      return outcome;
    });
  }
}

function isSlow({ kind }: Outcome, tookMs: number): boolean {
  return kind !== 'failed' && tookMs > SLOW_ANSWER_MS;
}

function placesAfter(places: number, outcome: Outcome, tookMs: number): number {
  if (outcome.kind === 'failed') return Math.max(Math.min(places, DIRECT_PLACES_MIN), places - 1);
  if (isSlow(outcome, tookMs)) return Math.max(1, Math.floor(places / 2));
  return Math.min(DIRECT_PLACES_MAX, places + 1);
}
