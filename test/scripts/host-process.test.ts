import { expect, it } from 'vitest';
import { placeOf } from '../../scripts/host-process.ts';

it('the workers of one run of tests look for ports in different places, whatever their ids are', () => {
  const worker = (pid: number, number: number) => ({ pid, ppid: 100, env: { VITEST_POOL_ID: `${number}` } });
  expect(placeOf(worker(160, 1))).not.toBe(placeOf(worker(220, 2)));
  expect(placeOf({ pid: 160, ppid: 100, env: {} })).toBe(40);
});
