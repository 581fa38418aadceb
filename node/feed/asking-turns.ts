// When a host is asked again: at once after an answer, later each time after a failure, and at once when others have heard it.
import type { Clock, Random } from '../../mesh/ports.ts';
import { doubledMs } from '../../mesh/time/breaker.ts';
import { FOLLOW_AGAIN_MS_MAX, FOLLOW_AGAIN_MS_MIN } from './limits.ts';

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

  /** Asks, and rests after it. The signal of a turn aborts with `signal`, and when the question is to be asked anew. */
  async take(ask: (turn: AbortSignal) => Promise<Outcome>, signal: AbortSignal): Promise<void> {
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
