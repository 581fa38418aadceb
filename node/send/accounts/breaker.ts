// Whether an account is worth trying. After failures in a row that say something of the account itself (not of one message), it
// is left alone for a while, then probed with one message; each failed probe doubles the while. Attempts that were under way
// together and failed are one failure, as at a webhook's receiver. What an operator sees of an account is here.
import { BREAKER_FAILURES, BREAKER_OPEN_MS, BREAKER_OPEN_MS_MAX } from '../limits.ts';

export interface AccountHealth {
  /** `failing`: the last attempts failed, but it is still tried. `open`: left alone until `retryAt`. */
  readonly health: 'ok' | 'failing' | 'open';
  readonly lastError?: string;
  /** ISO 8601, UTC. */
  readonly lastErrorAt?: string;
  readonly retryAt?: string;
}

/** One attempt, from `begin` to what it came to. */
export interface Trial {
  /** Failures that the breaker had counted when the attempt began: a newer one was under way with it. */
  readonly countedBefore: number;
  readonly isProbe: boolean;
}

/** What failed. `isCertain`: the account itself is refused, as by a wrong password; one such failure is enough. */
export interface AccountFailure {
  readonly error: string;
  readonly isCertain: boolean;
  readonly nowMs: number;
  readonly wallMs: number;
}

/** Of one account. Times are milliseconds of the monotonic clock, but for those shown. */
export class Breaker {
  /** In a row, since the last success. */
  #failures = 0;
  /** Ever. */
  #counted = 0;
  #openUntilMs = 0;
  #openMs = BREAKER_OPEN_MS;
  #isProbing = false;
  #last: { readonly error: string; readonly wallMs: number } | undefined;

  /** Whether a message may be tried now, be it as a probe. */
  mayTry(nowMs: number): boolean {
    if (!this.#isOpen) return true;
    return nowMs >= this.#openUntilMs && !this.#isProbing;
  }

  /** When it may be tried again, while it is open. */
  get retryMs(): number {
    return this.#openUntilMs;
  }

  /** A message is being tried: what it comes to is told with what this returns. */
  begin(): Trial {
    const isProbe = this.#isOpen;
    if (isProbe) this.#isProbing = true;
    return { countedBefore: this.#counted, isProbe };
  }

  succeeded(trial: Trial): void {
    this.released(trial);
    // It began before the failures that opened it, and says nothing of what is now.
    if (this.#isOpen && this.#isOlder(trial)) return;
    this.#failures = 0;
    this.#openMs = BREAKER_OPEN_MS;
  }

  /** The attempt said nothing about the account: it never came to it. */
  released({ isProbe }: Trial): void {
    if (isProbe) this.#isProbing = false;
  }

  failed(trial: Trial, { error, isCertain, nowMs, wallMs }: AccountFailure): void {
    this.#last = { error, wallMs };
    this.released(trial);
    const isCounted = this.#isOlder(trial);
    if (isCounted && (this.#isOpen || !isCertain)) return;
    this.#counted += 1;
    this.#failures = isCertain ? Math.max(BREAKER_FAILURES, this.#failures + 1) : this.#failures + 1;
    if (!this.#isOpen) return;
    this.#openUntilMs = nowMs + this.#openMs;
    this.#openMs = Math.min(BREAKER_OPEN_MS_MAX, 2 * this.#openMs);
  }

  view(nowMs: number, wallMs: number): AccountHealth {
    const health = this.#failures === 0 ? 'ok' : this.#isOpen ? 'open' : 'failing';
    const iso = (ms: number) => new Date(ms).toISOString();
    return {
      health,
      ...(this.#last === undefined ? {} : { lastError: this.#last.error, lastErrorAt: iso(this.#last.wallMs) }),
      ...(this.#isOpen ? { retryAt: iso(wallMs + Math.max(0, this.#openUntilMs - nowMs)) } : {}),
    };
  }

  get #isOpen(): boolean {
    return this.#failures >= BREAKER_FAILURES;
  }

  #isOlder({ countedBefore }: Trial): boolean {
    return countedBefore !== this.#counted;
  }
}
