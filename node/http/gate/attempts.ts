// Whoever shows a credential is judged by it, unless too many of that client's opened nothing of late. What opens something is remembered, so that its
// bearer is not locked out with the others; and that it is so, for a moment at its connection, for it is shown again with every request.
import type { MeshError } from '../../../mesh/errors.ts';
import type { Clock } from '../../../mesh/ports.ts';
import { CredentialFailures } from '../../keys/failures.ts';
import type { Credential } from './credential.ts';
import type { Shown } from './shown-credentials.ts';
import type { Visitor } from './visitor.ts';

/** How long what a connection shows is known to open something. Whether it still does is judged each time all the same. */
export const KNOWN_MS = 10_000;

export interface Attempt {
  readonly client: Visitor['client'];
  readonly shown: Shown;
  /** Whether it counts as a failure when it opens nothing. */
  readonly isCounted: boolean;
  readonly judge: () => MeshError | undefined;
}

export class Attempts {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #failures: CredentialFailures;
  readonly #opens: (shown: Credential) => boolean;

  /** `opens`: whether a credential opens anything at all. That a visitor may ask does not say so: what is open needs none. */
  constructor(clock: Pick<Clock, 'monotonicMs'>, opens: (shown: Credential) => boolean) {
    this.#clock = clock;
    this.#failures = new CredentialFailures(clock);
    this.#opens = opens;
  }

  /** What is judged of it; `rate_limited` when it is not looked at now. */
  judged({ client = '', shown, isCounted, judge }: Attempt): MeshError | undefined {
    const nowMs = this.#clock.monotonicMs();
    const isKnown = nowMs < shown.knownUntilMs;
    const limited = isKnown ? undefined : this.#failures.refuses(client, shown.digest);
    if (limited !== undefined) return limited;
    const refusal = judge();
    if (refusal?.code === 'unauthorized') {
      shown.knownUntilMs = nowMs;
      if (isCounted) this.#failures.failed(client);
    } else if (!isKnown && this.#opens(shown)) {
      shown.knownUntilMs = nowMs + KNOWN_MS;
      this.#failures.opened(client, shown.digest);
    }
    return refusal;
  }
}
