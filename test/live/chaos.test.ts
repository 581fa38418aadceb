// A short while of trouble for real hosts; `npm run soak` takes longer.
import { describe, expect, it } from 'vitest';
import { runChanges } from '../../scripts/chaos/change-run.ts';
import { ENGINE_NAMES, ENGINES, runEngineChaos } from '../../scripts/chaos/engine-run.ts';
import { runChaos } from '../../scripts/chaos/run.ts';
import { LIVE_MS_MAX } from '../support/time-bounds.ts';

const SECONDS = 20;
/** A busy machine takes longer for as many: a run that sees fewer says little. */
const OPERATIONS = 500;
it('five hosts in trouble keep one owner per address, and are well again by themselves', {
  timeout: 3 * LIVE_MS_MAX,
}, async () => {
  const { operations, violations } = await runChaos(
    { seconds: SECONDS, operations: OPERATIONS, seed: 1 },
    () => undefined,
  );
  expect(violations).toEqual([]);
  expect(operations).toBeGreaterThanOrEqual(OPERATIONS);
});

it('three hosts that are killed again and again tell a gateway and a listener of every change of all three', {
  timeout: 3 * LIVE_MS_MAX,
}, async () => {
  const { told, violations } = await runChanges({ changes: 300, kills: 3, seed: 1 }, () => undefined);
  expect(violations).toEqual([]);
  expect(told).toBeGreaterThan(300);
});

describe.each(ENGINE_NAMES)('five hosts in trouble whose claims are kept by %s', (engine) => {
  const whyNot = ENGINES[engine].whyNot();
  it.skipIf(whyNot !== undefined)(
    whyNot === undefined ? 'keep one owner per address' : `skipped: ${whyNot}`,
    {
      timeout: 3 * LIVE_MS_MAX,
    },
    async () => {
      const result = await runEngineChaos(
        { engine, seconds: SECONDS, operations: OPERATIONS, seed: 1 },
        () => undefined,
      );
      expect(result.violations).toEqual([]);
      expect(result.operations).toBeGreaterThanOrEqual(OPERATIONS);
    },
  );
});
