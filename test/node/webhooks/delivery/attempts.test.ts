// How many attempts of one subscription are in hand, and which may be noted ahead of their places.
import { describe, expect, it } from 'vitest';
import { Attempts } from '../../../../node/webhooks/delivery/attempts.ts';
import type { Prepared } from '../../../../node/webhooks/lanes/turn.ts';
import { ENDPOINT_IN_FLIGHT_MAX, NEW_ENDPOINT } from '../../../../node/webhooks/schedule/endpoint.ts';
import type { Subscription } from '../../../../node/webhooks/webhook-records.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** node/webhooks/README.md, "A delivery, step by step": 56 more lanes are noted ahead. */
const AHEAD = 56;
const prepared = (delayMs: number) => ({ delayMs }) as unknown as Prepared;

function attemptsOf(subscription: Partial<Subscription> = {}, endpoint = NEW_ENDPOINT) {
  const clock = new VirtualClock();
  const one = { isEnabled: true, ...subscription } as Subscription;
  const attempts = new Attempts(clock, { subscription: () => one, endpoint: () => endpoint });
  const note = (count: number) => {
    for (let at = 0; at < count; at += 1) {
      attempts.note();
      attempts.prepare(prepared(at));
    }
  };
  const begin = (count: number) => Array.from({ length: count }, () => attempts.begin());
  return { clock, attempts, note, begin };
}
/** One attempt in a row of failures: the receiver is asked by one alone. */
const PAUSED = { ...NEW_ENDPOINT, streak: 1, pausedUntilMs: 1 };

describe('attempts in hand', () => {
  it('may be any while there is a place, then first ones ahead of theirs, then none', () => {
    const { attempts, note } = attemptsOf();
    note(ENDPOINT_IN_FLIGHT_MAX - 1);
    expect(attempts.mayNote(0)).toBe('any');
    note(1);
    expect(attempts.mayNote(0)).toBe('first');
    note(AHEAD - 1);
    expect(attempts.mayNote(0)).toBe('first');
    note(1);
    expect(attempts.mayNote(0)).toBe('none');
  });

  it('are counted while they are noted, prepared and in flight', () => {
    const { attempts, note, begin } = attemptsOf();
    note(3);
    begin(2);
    attempts.note();
    expect([attempts.inFlight, attempts.sendable(0)]).toEqual([2, ENDPOINT_IN_FLIGHT_MAX + AHEAD - 3]);
    attempts.unprepared();
    attempts.end();
    expect([attempts.inFlight, attempts.sendable(0)]).toEqual([1, ENDPOINT_IN_FLIGHT_MAX + AHEAD - 1]);
  });

  it.each([
    ['at a pace', attemptsOf({ ratePerSecond: 100 }), ENDPOINT_IN_FLIGHT_MAX],
    ['of a receiver that is asked by one alone', attemptsOf({}, PAUSED), 1],
  ])('%s are never noted ahead', (_, { attempts, note }, placesMax) => {
    expect(attempts.mayNote(2)).toBe('any');
    note(placesMax);
    expect(attempts.mayNote(2)).toBe('none');
  });

  it('are none for a subscription that is disabled', () => {
    const { attempts, note } = attemptsOf({ isEnabled: false });
    note(1);
    expect([attempts.mayNote(0), attempts.wantsPlace(0), attempts.sendable(0)]).toEqual(['none', false, 0]);
  });

  it('want a place while one is prepared and another may be in flight', () => {
    const { attempts, note, begin } = attemptsOf();
    expect(attempts.wantsPlace(0)).toBe(false);
    note(ENDPOINT_IN_FLIGHT_MAX + 1);
    begin(ENDPOINT_IN_FLIGHT_MAX - 1);
    expect(attempts.wantsPlace(0)).toBe(true);
    begin(1);
    expect(attempts.wantsPlace(0)).toBe(false);
  });

  it('begin in the order in which they were prepared, and are taken back the last first', () => {
    const { attempts, note, begin } = attemptsOf();
    note(5);
    expect(begin(1).map((one) => one?.delayMs)).toEqual([0]);
    expect(attempts.takeBack(1).map(({ delayMs }) => delayMs)).toEqual([4, 3, 2]);
    expect(begin(2).map((one) => one?.delayMs)).toEqual([1, undefined]);
    expect(attempts.inFlight).toBe(2);
  });

  it('wait for the pace, and are not noted meanwhile', async () => {
    const { attempts, clock, note, begin } = attemptsOf({ ratePerSecond: 2 });
    note(3);
    begin(2);
    expect([attempts.waitMs, attempts.mayNote(0), attempts.wantsPlace(0)]).toEqual([1_000, 'none', false]);
    await clock.advance(1_000);
    expect([attempts.waitMs, attempts.mayNote(0), attempts.wantsPlace(0)]).toEqual([0, 'any', true]);
  });
});
