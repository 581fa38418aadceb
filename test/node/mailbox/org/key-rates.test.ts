// How often a key may ask, and that nothing is kept of keys that do not.
import { expect, it } from 'vitest';
import { KeyRates } from '../../../../node/mailbox/org/key-rates.ts';

function ratesAt(clock: { nowMs: number }): KeyRates {
  return new KeyRates({ monotonicMs: () => clock.nowMs });
}

/** How many of so many requests at once are let in. */
function letIn(rates: KeyRates, keyId: string, requests: number): number {
  let count = 0;
  for (let at = 0; at < requests; at += 1) {
    try {
      rates.count(keyId);
      count += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'rate_limit_exceeded' });
    }
  }
  return count;
}

it('a key may ask 200 times at once, 50 times a second then, and 200 times again after four seconds of silence', () => {
  const clock = { nowMs: 0 };
  const rates = ratesAt(clock);
  expect([letIn(rates, 'a', 300), letIn(rates, 'b', 300)]).toEqual([200, 200]);
  clock.nowMs = 1_000;
  expect(letIn(rates, 'a', 300)).toBe(50);
  clock.nowMs = 4_999;
  expect(letIn(rates, 'a', 300)).toBe(199);
  clock.nowMs = 9_000;
  expect(letIn(rates, 'a', 300)).toBe(200);
});

it('nothing is kept of keys that are silent, however many there were', () => {
  const clock = { nowMs: 0 };
  const rates = ratesAt(clock);
  for (let key = 0; key < 10_000; key += 1) {
    clock.nowMs += 20;
    rates.count(`key-${key}`);
    rates.count('first');
  }
  expect(rates.size).toBeLessThanOrEqual(202);
});
