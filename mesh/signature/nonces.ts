// Remembers the nonces of signed requests, so that none is obeyed twice. Bounded: when full it refuses new messages rather
// than forget one early. It lives in memory; instead of remembering across a restart it refuses what was made before the
// start. It does not promise that within the very second of the start, nor of a sender whose clock is ahead, nor where this host's own is
// set back: README.md says what that costs.

import type { HostId } from '../names.ts';
import type { Clock } from '../ports.ts';
import { SIGNATURE_SKEW_SECONDS_MAX } from './clock-skew.ts';

/** Nonces remembered of one host: 4,000 messages a second, each for a minute. */
const NONCES_PER_HOST_MAX = 250_000;
/** Nonces remembered of all hosts: about 100 MiB when full. */
const NONCES_MAX = 1_000_000;
/** Unpredictable octets of a nonce: enough that two never meet by chance. */
export const NONCE_BYTES = 16;

/** `forgotten`: made at a time whose nonces are no longer remembered, so nobody can tell whether it is a repeat. */
export type Admission = 'fresh' | 'replayed' | 'forgotten' | 'full';

export class NonceCache {
  /** By the second in which the message was made, then by sender: forgetting drops whole seconds. */
  readonly #seconds = new Map<number, Map<HostId, Set<string>>>();
  readonly #countOf = new Map<HostId, number>();
  #count = 0;
  #sweptAt = Number.NEGATIVE_INFINITY;
  readonly #sinceSeconds: () => number;
  /** Messages made at or before this second are refused. It follows the messages, not the clock, which may jump and come back. */
  #forgottenSeconds = Number.NEGATIVE_INFINITY;
  readonly #max: number;
  readonly #perHostMax: number;

  /**
   * `sinceSeconds`: when this process started, by the wall clock as it goes now; what was made before it is refused. A clock that was an hour
   * ahead at the start, and is set right, would else have everybody refused for that hour.
   */
  constructor(options: { readonly sinceSeconds: () => number; readonly max?: number; readonly perHostMax?: number }) {
    this.#sinceSeconds = options.sinceSeconds;
    this.#max = options.max ?? NONCES_MAX;
    this.#perHostMax = options.perHostMax ?? NONCES_PER_HOST_MAX;
  }

  get size(): number {
    return this.#count;
  }

  /** Asks and remembers in one step. Only for messages whose signature was verified: others must not fill the memory. */
  admit(
    message: { readonly from: HostId; readonly nonce: string; readonly createdSeconds: number },
    nowSeconds: number,
  ): Admission {
    this.#forget(nowSeconds);
    const { from, createdSeconds } = message;
    if (createdSeconds <= this.#forgottenSeconds || createdSeconds < this.#sinceSeconds()) return 'forgotten';
    const second = this.#seconds.get(createdSeconds);
    const known = second?.get(from);
    if (known?.has(message.nonce)) return 'replayed';
    const ofHost = this.#countOf.get(from) ?? 0;
    if (this.#count >= this.#max || ofHost >= this.#perHostMax) return 'full';
    if (known) known.add(ownCopy(message.nonce));
    else if (second) second.set(from, new Set([ownCopy(message.nonce)]));
    else this.#seconds.set(createdSeconds, new Map([[from, new Set([ownCopy(message.nonce)])]]));
    this.#countOf.set(from, ofHost + 1);
    this.#count += 1;
    return 'fresh';
  }

  #forget(nowSeconds: number): void {
    if (nowSeconds === this.#sweptAt) return;
    this.#sweptAt = nowSeconds;
    for (const [createdSeconds, hosts] of this.#seconds) {
      if (createdSeconds + SIGNATURE_SKEW_SECONDS_MAX >= nowSeconds) continue;
      this.#seconds.delete(createdSeconds);
      this.#forgottenSeconds = Math.max(this.#forgottenSeconds, createdSeconds);
      for (const [from, nonces] of hosts) {
        const left = (this.#countOf.get(from) ?? 0) - nonces.size;
        if (left > 0) this.#countOf.set(from, left);
        else this.#countOf.delete(from);
        this.#count -= nonces.size;
      }
    }
  }
}

/** The second of this moment, by the wall clock as it goes whenever it is asked for: since 1970, UTC. */
export function secondOfNow(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>): () => number {
  const atMs = clock.monotonicMs();
  return () => Math.floor((clock.wallMs() - (clock.monotonicMs() - atMs)) / 1_000);
}

/** A slice of a header keeps the whole header in memory, ten times the nonce. */
function ownCopy(nonce: string): string {
  return Buffer.from(nonce, 'latin1').toString('latin1');
}
