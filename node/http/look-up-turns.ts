// Look-ups that cost a signature, one's own or a peer's: only a few of them are worked on in one turn of the event loop, so that a flood of
// them leaves every turn room for claims and greetings, which do not wait here. More than may wait are refused.
import { MeshError } from '../../mesh/errors.ts';

/** About 3 ms of work. */
const PER_TURN_MAX = 8;
const WAITING_MAX = 1_024;

export class LookUpTurns {
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #isTurnPlanned = false;

  /** Resolves when it is one's turn; at once, with nothing to wait for, while there are few. Throws `rate_limited`. */
  take(): Promise<void> | undefined {
    if (this.#taken < PER_TURN_MAX) {
      this.#taken += 1;
      this.#plan();
      return undefined;
    }
    if (this.#waiting.length >= WAITING_MAX)
      throw new MeshError('rate_limited', `${WAITING_MAX} look-ups wait at this host already. Try again shortly.`, {
        retryAfterSeconds: 1,
      });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #plan(): void {
    if (this.#isTurnPlanned) return;
    this.#isTurnPlanned = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnPlanned = false;
    const next = this.#waiting.splice(0, PER_TURN_MAX);
    this.#taken = next.length;
    if (next.length > 0) this.#plan();
    for (const go of next) go();
  }
}
