// A short while of trouble for real hosts; `npm run soak` takes longer.
import { expect, it } from 'vitest';
import { runChaos } from '../../scripts/chaos/run.ts';

const SECONDS = 20;

it('five hosts in trouble keep one owner per address, and are well again by themselves', {
  timeout: 180_000,
}, async () => {
  const { operations, violations } = await runChaos({ seconds: SECONDS, seed: 1 }, () => undefined);
  expect(violations).toEqual([]);
  expect(operations).toBeGreaterThan(500);
});
