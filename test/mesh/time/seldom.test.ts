import { expect, it } from 'vitest';
import { Seldom } from '../../../mesh/time/seldom.ts';

it('is time for each once in so many milliseconds', () => {
  const seldom = new Seldom<string>(1_000);
  const times = [0, 1, 999, 1_000, 1_500, 2_000].map((nowMs) => [nowMs, seldom.isTime('a', nowMs)]);
  expect(times.filter(([, isTime]) => isTime).map(([nowMs]) => nowMs)).toEqual([0, 1_000, 2_000]);
  expect([seldom.isTime('b', 2_000), seldom.isTime('b', 2_001)]).toEqual([true, false]);
});

it('remembers nobody for whom it may be time again', () => {
  const seldom = new Seldom<number>(1_000);
  for (let nowMs = 0; nowMs < 100_000; nowMs += 10) {
    seldom.isTime(nowMs, nowMs);
    seldom.isTime(-1, nowMs);
  }
  expect(seldom.size).toBeLessThanOrEqual(101);
});
