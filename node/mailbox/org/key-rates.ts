// How often a key may ask: `KEY_RATE` times a second, and `KEY_BURST` times at once after a while of silence.
import type { Clock } from '../../../mesh/ports.ts';
import { MailboxError } from '../errors.ts';

/** Requests of one key in a second, and at once after a while of silence. */
const KEY_RATE = 50;
const KEY_BURST = 200;
/** After so long without a request, all of them may come at once again. */
const SILENCE_MS = (KEY_BURST / KEY_RATE) * 1_000;

export class KeyRates {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** What each may still ask at once, the key that asked longest ago first. */
  readonly #left = new Map<string, { readonly count: number; readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Keys that asked lately. */
  get size(): number {
    return this.#left.size;
  }

  /** Counts one request of a key that is known. Throws `rate_limit_exceeded`. */
  count(keyId: string): void {
    const atMs = this.#clock.monotonicMs();
    this.#forgetSilent(atMs);
    const before = this.#left.get(keyId) ?? { count: KEY_BURST, atMs };
    const count = Math.min(KEY_BURST, before.count + ((atMs - before.atMs) * KEY_RATE) / 1_000);
    if (count < 1) {
      const message = `This key may ask ${KEY_RATE} times a second.`;
      throw new MailboxError('rate_limit_exceeded', message, { retryAfterSeconds: 1 });
    }
    this.#left.delete(keyId);
    this.#left.set(keyId, { count: count - 1, atMs });
  }

  /** A key that has been silent for so long may ask as one that never asked. */
  #forgetSilent(nowMs: number): void {
    for (const [keyId, { atMs }] of this.#left) {
      if (nowMs - atMs < SILENCE_MS) break;
      this.#left.delete(keyId);
    }
  }
}
