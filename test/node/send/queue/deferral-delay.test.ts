import { describe, expect, it } from 'vitest';
import { deferralDelayMs, deferralDelayMsAtMost } from '../../../../node/send/queue/deferral-delay.ts';

/** Chance that is always the same. */
const always = (value: number) => ({ next: () => value, bytes: (count: number) => new Uint8Array(count) });
const [MIDDLE, LEAST, MOST] = [always(0.5), always(0), always(1)];

describe('a message that was put off', () => {
  it.each([
    [0, 30_000],
    [1, 60_000],
    [2, 120_000],
    [3, 240_000],
    [6, 1_920_000],
    [7, 3_600_000],
    [8, 3_600_000],
    [1_000_000, 3_600_000],
  ])('%i times before waits %i ms, give or take a fifth', (deferrals, ms) => {
    expect(deferralDelayMs(deferrals, MIDDLE)).toBe(ms);
    expect([deferralDelayMs(deferrals, LEAST), deferralDelayMs(deferrals, MOST)]).toEqual([0.8 * ms, 1.2 * ms]);
  });

  it.each([1, 2, 3, 7, 8, 50])('%i times waits no longer than is told', (deferrals) => {
    expect(deferralDelayMsAtMost(deferrals)).toBe(deferralDelayMs(deferrals - 1, MOST));
  });
});
