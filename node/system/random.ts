// The Random port over the operating system's generator.
import { randomBytes } from 'node:crypto';
import type { Random } from '../../mesh/ports.ts';

/** Drawn at once and handed out piece by piece, each octet once: a draw costs microseconds, however small. */
const POOL_BYTES = 4_096;

let pool = randomBytes(POOL_BYTES);
let used = 0;

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes(count) {
    if (count > POOL_BYTES) return new Uint8Array(randomBytes(count));
    if (used + count > POOL_BYTES) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += count;
    return new Uint8Array(pool.subarray(used - count, used));
  },
};
