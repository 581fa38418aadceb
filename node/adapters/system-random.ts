// The Random port over the operating system's generator.
import { randomBytes } from 'node:crypto';
import type { Random } from '../../mesh/ports.ts';

export const systemRandom: Random = {
  next: () => Math.random(),
  bytes: (count) => randomBytes(count),
};
