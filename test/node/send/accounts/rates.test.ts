import { describe, expect, it } from 'vitest';
import { Rate, Rates } from '../../../../node/send/accounts/rates.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

function rateOf(...sentMs: readonly number[]): Rate {
  const rate = new Rate();
  for (const atMs of sentMs) rate.add(atMs);
  return rate;
}

describe('a rate', () => {
  it.each([
    ['nothing', [], 5 * MINUTE, 0],
    ['what went out just now', [5 * MINUTE], 5 * MINUTE, 1],
    ['each of several in one minute', [0, 1, 2, 59_999], MINUTE, 4],
    ['what went out 59 minutes ago', [0], 59 * MINUTE, 1],
    ['nothing that went out an hour ago', [0], HOUR, 0],
    ['only the last hour', [0, 30 * MINUTE, 70 * MINUTE], 80 * MINUTE, 2],
  ])('counts %s', (_, sent, nowMs, count) => expect(rateOf(...sent).count(nowMs)).toBe(count));

  it.each([
    ['at once while there is room', [0], 2, MINUTE, 0],
    ['until the oldest minute is an hour old', [0, MINUTE], 2, 2 * MINUTE, 58 * MINUTE],
    ['until enough of them are', [0, MINUTE, 2 * MINUTE], 2, 3 * MINUTE, 58 * MINUTE],
    ['at once when all of them are', [0, 0], 2, HOUR, 0],
  ])('lets the next one go %s', (_, sent, max, nowMs, waitMs) => {
    const rate = rateOf(...sent);
    expect(rate.waitMs(max, nowMs)).toBe(waitMs);
    // No longer than that: with the wait over, there is room.
    expect(rate.waitMs(max, nowMs + waitMs)).toBe(0);
  });

  it('keeps a place for what is on its way, and looks again soon', () => {
    const rate = rateOf(0);
    rate.reserve();
    expect(rate.waitMs(2, 0)).toBe(SECOND);
    rate.release();
    expect(rate.waitMs(2, 0)).toBe(0);
  });
});

describe('rates by name', () => {
  it('are one of each', () => {
    const rates = new Rates();
    rates.of('a').add(0);
    expect([rates.of('a').count(0), rates.of('b').count(0)]).toEqual([1, 0]);
  });
});
