// When a host is asked again: at once after an answer, later each time after a failure, and at once when others have heard it.
import type { Clock, Random } from '../../mesh/ports.ts';
import { doubledMs } from '../../mesh/time/breaker.ts';

/** After a failure, and doubled with each further one. */
export const FOLLOW_AGAIN_MS_MIN = 500;
/** The longest wait between two questions to a host that fails. */
export const FOLLOW_AGAIN_MS_MAX = 30_000;
/** Between an answer with news and the next question: what changes meanwhile is told, checked and committed together. */
export const FOLLOW_PACE_MS = 25;
/** News of so many entries or more come from a busy host, which is left so many times as long: its followers would be most of its work. */
export const BUSY_ENTRIES_MIN = 8;
export const BUSY_PACE_FACTOR = 4;
/** A feed that is not believed is asked again, for it may have been mended. */
export const REFUSED_AGAIN_MS = 30_000;
/** Whoever answers at once, and with nothing, is asked again after this long. */
export const HASTY_REST_MS = 1_000;

/** What follows a question: the next one, at once or after a rest, or after a failure. */
export type Outcome = { readonly kind: 'rest'; readonly restMs: number } | { readonly kind: 'failed' };

const AGAIN = { firstMs: FOLLOW_AGAIN_MS_MIN, msMax: FOLLOW_AGAIN_MS_MAX };

export interface AskingTurnsOptions {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly random: Pick<Random, 'next'>;
}

export class AskingTurns {
  readonly #options: AskingTurnsOptions;
  #failures = 0;
  #turn = new AbortController();

  constructor(options: AskingTurnsOptions) {
    this.#options = options;
  }

  /** The next turn: asks, and rests after it. The signal of a turn aborts with `signal`, and when the question is to be asked anew. */
  async next(ask: (turn: AbortSignal) => Promise<Outcome>, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    this.#turn = new AbortController();
    const turn = AbortSignal.any([signal, this.#turn.signal]);
    const outcome = await ask(turn);
    this.#failures = outcome.kind === 'failed' ? this.#failures + 1 : 0;
    const restMs = outcome.kind === 'failed' ? doubledMs(this.#failures - 1, AGAIN) : outcome.restMs;
    if (restMs > 0) await clock.sleep(restMs * (0.8 + 0.4 * random.next()), turn);
    if (turn.aborted) this.#failures = 0;
  }

  /** Ends the question in hand, or the rest behind it. The next question is asked at once, as if none had failed. */
  again(): void {
    this.#turn.abort();
  }
}
