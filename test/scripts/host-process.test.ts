import { expect, it } from 'vitest';
import { placeOf } from '../../scripts/host-process.ts';

it('the workers of one run of tests look for ports in different places, whatever their ids are', () => {
  const worker = (pid: number, number: number) => ({ pid, ppid: 100, env: { VITEST_POOL_ID: `${number}` } });
  expect(placeOf(worker(160, 1))).not.toBe(placeOf(worker(220, 2)));
});

it('what is started by itself looks in none of their places', () => {
  const places = (env: NodeJS.ProcessEnv) =>
    Array.from({ length: 200 }, (_, pid) => placeOf({ pid, ppid: 7 * pid, env }));
  const workers = ['1', '2', '3'].flatMap((number) => places({ VITEST_POOL_ID: number }));
  expect(new Set(workers).intersection(new Set(places({}))).size).toBe(0);
});
