// Who shows credentials that open nothing, again and again: from the eleventh within a minute on, no new credential of that client is looked
// at until the minute is over. One that has opened something before passes, so that nobody who sits behind the same proxy is locked out.
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';

/** Attempts with a credential that opens nothing, of one client address a minute. */
export const FAILURES_MAX = 10;
export const FAILURES_MS = 60_000;
/** Client addresses whose failures, or whose credentials that opened something, are remembered. */
export const CLIENTS_MAX = 10_000;

export class CredentialFailures {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** Moments of each client's last failures on the monotonic clock, at most `FAILURES_MAX`; the client that failed last at the end. */
  readonly #failedMs = new Map<string, readonly number[]>();
  /** Clients with the digest of what opened something, the one that did so last at the end. */
  readonly #opened = new Map<string, true>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** `rate_limited` when that client's credential, given by its digest, is not to be looked at now. */
  refuses(client: string, digest: string): MeshError | undefined {
    if (this.#opened.has(`${client} ${digest}`)) return undefined;
    const first = this.#failedMs.get(client)?.at(-FAILURES_MAX);
    const waitMs = first === undefined ? 0 : first + FAILURES_MS - this.#clock.monotonicMs();
    if (waitMs <= 0) return undefined;
    return new MeshError(
      'rate_limited',
      `${FAILURES_MAX} credentials from there opened nothing within a minute; another one is looked at later.`,
      { retryAfterSeconds: Math.ceil(waitMs / 1_000) },
    );
  }

  /** A credential of that client opened nothing. */
  failed(client: string): void {
    const failedMs = [...(this.#failedMs.get(client) ?? []), this.#clock.monotonicMs()].slice(-FAILURES_MAX);
    putLast(this.#failedMs, client, failedMs);
  }

  /** A credential of that client opened something: that one is looked at however many others of the client fail. */
  opened(client: string, digest: string): void {
    putLast(this.#opened, `${client} ${digest}`, true);
  }
}

/** Forgets what was put there longest ago when there would be too many. */
function putLast<Value>(all: Map<string, Value>, key: string, value: Value): void {
  all.delete(key);
  all.set(key, value);
  const [oldest] = all.keys();
  if (all.size > CLIENTS_MAX && oldest !== undefined) all.delete(oldest);
}
