// The Random port over the operating system's generator.
import { randomBytes } from 'node:crypto';
import type { Random } from '../../mesh/ports.ts';

/** Drawn at once and handed out piece by piece, each octet once: a draw costs microseconds, however small. */
const POOL_BYTES = 4_096;

class SystemRandom implements Random {
  #pool = randomBytes(POOL_BYTES);
  #used = 0;

  next(): number {
    return Math.random();
  }

  bytes(count: number): Uint8Array {
    if (count > POOL_BYTES) return new Uint8Array(randomBytes(count));
    if (this.#used + count > POOL_BYTES) {
      this.#pool = randomBytes(POOL_BYTES);
      this.#used = 0;
    }
    this.#used += count;
    return new Uint8Array(this.#pool.subarray(this.#used - count, this.#used));
  }
}

export const systemRandom: Random = new SystemRandom();
