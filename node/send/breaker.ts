// Whether an account is worth trying. After failures in a row that say something of the account itself (not of one message), it
// is left alone for a while, then probed with one message; each failed probe doubles the while. What an operator sees of it is here.
import { BREAKER_FAILURES, BREAKER_OPEN_MS, BREAKER_OPEN_MS_MAX } from './limits.ts';

export interface AccountHealth {
  /** `failing`: the last attempts failed, but it is still tried. `open`: left alone until `retryAt`. */
  readonly health: 'ok' | 'failing' | 'open';
  readonly lastError?: string;
  /** ISO 8601, UTC. */
  readonly lastErrorAt?: string;
  readonly retryAt?: string;
}

/** Of one account. Times are milliseconds of the monotonic clock, but for those shown. */
export class Breaker {
  #failures = 0;
  #openUntilMs = 0;
  #openMs = BREAKER_OPEN_MS;
  #isProbing = false;
  #last: { readonly error: string; readonly wallMs: number } | undefined;

  /** Whether a message may be tried now. */
  isClosed(nowMs: number): boolean {
    if (this.#failures < BREAKER_FAILURES) return true;
    return nowMs >= this.#openUntilMs && !this.#isProbing;
  }

  /** When it may be tried again, while it is open. */
  get retryMs(): number {
    return this.#openUntilMs;
  }

  /** A message is being tried. */
  begin(): void {
    if (this.#failures >= BREAKER_FAILURES) this.#isProbing = true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#isProbing = false;
    this.#openMs = BREAKER_OPEN_MS;
  }

  /** The attempt said nothing about the account: it never came to it. */
  released(): void {
    this.#isProbing = false;
  }

  /** `isCertain`: the account itself is refused, as by a wrong password; one such failure is enough. */
  failed(error: string, isCertain: boolean, nowMs: number, wallMs: number): void {
    this.#last = { error, wallMs };
    this.#isProbing = false;
    this.#failures = isCertain ? Math.max(BREAKER_FAILURES, this.#failures + 1) : this.#failures + 1;
    if (this.#failures < BREAKER_FAILURES) return;
    this.#openUntilMs = nowMs + this.#openMs;
    this.#openMs = Math.min(BREAKER_OPEN_MS_MAX, 2 * this.#openMs);
  }

  view(nowMs: number, wallMs: number): AccountHealth {
    const isOpen = this.#failures >= BREAKER_FAILURES;
    const health = this.#failures === 0 ? 'ok' : isOpen ? 'open' : 'failing';
    const iso = (ms: number) => new Date(ms).toISOString();
    return {
      health,
      ...(this.#last === undefined ? {} : { lastError: this.#last.error, lastErrorAt: iso(this.#last.wallMs) }),
      ...(isOpen ? { retryAt: iso(wallMs + Math.max(0, this.#openUntilMs - nowMs)) } : {}),
    };
  }
}
