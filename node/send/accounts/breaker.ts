// What an operator sees of an account, and whether the account is worth trying. Only failures that say something of the account
// itself (not of one message) count. Pauses and the probe that ends each are the pure breaker's (mesh/time/breaker.ts). Some failures in a
// row begin a pause here, and each failed probe doubles the pause.
import { attemptsMax, closed, doubledMs, failed, isOpen, NEW_BREAKER } from '../../../mesh/time/breaker.ts';

/** Breaker of an account: failures in a row that open it, and how long it stays open, doubling. */
const BREAKER_FAILURES = 5;
const BREAKER_OPEN_MS = 30 * 1_000;
const BREAKER_OPEN_MS_MAX = 10 * 60 * 1_000;

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

/** What failed. `isCertain`: the server refused the account itself, as for a wrong password, so one such failure is enough. */
export interface AccountFailure {
  readonly error: string;
  readonly isCertain: boolean;
  readonly nowMs: number;
  readonly wallMs: number;
}

const BOUNDS = { failuresMin: BREAKER_FAILURES, attemptsMax: Number.POSITIVE_INFINITY };
const PAUSES = { firstMs: BREAKER_OPEN_MS, msMax: BREAKER_OPEN_MS_MAX };

/** The breaker of one account. Its times are milliseconds of the monotonic clock, except those that are shown. */
export class Breaker {
  #record = NEW_BREAKER;
  /** A probe does not wait for attempts that were under way before the pause. */
  #isProbing = false;
  #last: { readonly error: string; readonly wallMs: number } | undefined;

  /** Whether a message may be tried now, be it as a probe. */
  mayTry(nowMs: number): boolean {
    return attemptsMax(this.#record, BOUNDS, nowMs) > (this.#isProbing ? 1 : 0);
  }

  /** When the account may be tried again, while the breaker is open. */
  get retryMs(): number {
    return this.#record.pausedUntilMs;
  }

  /** A message is being tried: its outcome is told with the trial that this returns. */
  begin(): Trial {
    const isProbe = this.#isOpen;
    if (isProbe) this.#isProbing = true;
    return { countedBefore: this.#record.pauses, isProbe };
  }

  /** Closes the breaker, unless a failure that the attempt did not see has opened it since. */
  succeeded(trial: Trial): void {
    this.released(trial);
    this.#record = closed(this.#record, trial.countedBefore, BOUNDS);
  }

  /** Forgets an attempt that never reached the account and so says nothing about it. */
  released({ isProbe }: Trial): void {
    if (isProbe) this.#isProbing = false;
  }

  /** Counts a failure. One that is certain opens the breaker alone; others do when `BREAKER_FAILURES` came in a row. */
  failed(trial: Trial, { error, isCertain, nowMs, wallMs }: AccountFailure): void {
    this.#last = { error, wallMs };
    this.released(trial);
    const { streak, pauses } = this.#record;
    // A certain failure begins a pause by itself, even when another failure of the same moment was counted already.
    const pausesSeen = isCertain && !this.#isOpen ? pauses : trial.countedBefore;
    const weight = isCertain ? Math.max(1, BREAKER_FAILURES - streak) : 1;
    const delayMs = doubledMs(streak + weight - BREAKER_FAILURES, PAUSES);
    this.#record = failed(this.#record, { pausesSeen, nowMs, delayMs, askedMs: 0 }, BOUNDS, weight);
  }

  /** What `GET /api/email/providers` shows of the account. `nowMs`: monotonic; `wallMs`: the same moment, by which moments are shown. */
  view(nowMs: number, wallMs: number): AccountHealth {
    const { streak, pausedUntilMs } = this.#record;
    const health = streak === 0 ? 'ok' : this.#isOpen ? 'open' : 'failing';
    const iso = (ms: number) => new Date(ms).toISOString();
    return {
      health,
      ...(this.#last === undefined ? {} : { lastError: this.#last.error, lastErrorAt: iso(this.#last.wallMs) }),
      ...(this.#isOpen ? { retryAt: iso(wallMs + Math.max(0, pausedUntilMs - nowMs)) } : {}),
    };
  }

  get #isOpen(): boolean {
    return isOpen(this.#record, BOUNDS);
  }
}
