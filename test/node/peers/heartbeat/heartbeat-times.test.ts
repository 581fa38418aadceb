// When a peer is asked next, and what that comes to between two hosts.
import { describe, expect, it } from 'vitest';
import { GREETING_INTERVAL_MS } from '../../../../mesh/limits.ts';
import { LARGE_GREETING_INTERVAL_MS } from '../../../../mesh/membership/greeted-hosts.ts';
import {
  type Exchanges,
  nextQuestionMs,
  OWN_QUESTION_MS_MAX,
  paceOf,
  RETURN_MS_MIN,
  SILENT_INTERVAL_MS_MAX,
  TURN_MS,
} from '../../../../node/peers/heartbeat/heartbeat-times.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const NEVER = -Infinity;
const AT = 100_000;
const SMALL = paceOf(GREETING_INTERVAL_MS, false);

describe('the next question to a peer', () => {
  it.each<[string, Partial<Exchanges>, number]>([
    ['that was never asked: now', { ownAtMs: NEVER }, NEVER],
    ['that was never asked, and is heard: now', { ownAtMs: NEVER, heardAtMs: AT }, NEVER],
    ['that lets its turn go by: in ten seconds', {}, AT + GREETING_INTERVAL_MS],
    ['that asked since: in eight seconds', { heardAtMs: AT + 3_000 }, AT + 3_000 + TURN_MS],
    ['that asks all the time: in sixteen seconds', { heardAtMs: AT + 15_900 }, AT + OWN_QUESTION_MS_MAX],
    ['that is silent: in ten seconds', { failures: 1 }, AT + GREETING_INTERVAL_MS],
    ['that is heard after it was silent: soon', { failures: 1, heardAtMs: AT + 1 }, AT + RETURN_MS_MIN],
    ['that was asked so in vain: later', { failures: 3, inVain: 2, heardAtMs: AT + 1 }, AT + 4 * RETURN_MS_MIN],
    [
      'that never answers, and is heard: as any',
      { failures: 9, inVain: 8, heardAtMs: AT + 1 },
      AT + GREETING_INTERVAL_MS,
    ],
  ])('%s', (_, exchanges, expected) => {
    expect(nextQuestionMs({ ownAtMs: AT, failures: 0, inVain: 0, heardAtMs: NEVER, ...exchanges }, 0, SMALL)).toBe(
      expected,
    );
  });

  it('comes up to a second early when the peer let its turn go by, never late', () => {
    const exchanges = { ownAtMs: AT, failures: 0, inVain: 0, heardAtMs: NEVER };
    expect([0, 0.5, 0.999].map((random) => nextQuestionMs(exchanges, random, SMALL) - AT)).toEqual([
      10_000, 9_500, 9_001,
    ]);
  });
});

describe('the next question to a peer in a large mesh', () => {
  const nextOf = (isAwaited: boolean) => {
    const pace = paceOf(LARGE_GREETING_INTERVAL_MS, isAwaited);
    return (exchanges: Partial<Exchanges>, random = 0) =>
      nextQuestionMs({ ownAtMs: AT, failures: 0, inVain: 0, heardAtMs: NEVER, ...exchanges }, random, pace) - AT;
  };
  const next = nextOf(false);

  it('is three times as far, and by chance up to three seconds early', () => {
    expect([next({}), next({}, 0.5), next({ heardAtMs: AT + 1_000 })]).toEqual([30_000, 28_500, 25_000]);
  });

  it('is later with each silence, two minutes at most, and soon when the peer is heard', () => {
    const silent = [1, 2, 3, 9].map((failures) => next({ failures }));
    expect(silent).toEqual([30_000, 60_000, SILENT_INTERVAL_MS_MAX, SILENT_INTERVAL_MS_MAX]);
    expect(next({ failures: 9, heardAtMs: AT + 1 })).toBe(RETURN_MS_MIN);
  });

  it('that votes is as near as in a small mesh while nothing can be claimed, and after silences no later than on any day', () => {
    const awaited = nextOf(true);
    expect([awaited({}), awaited({ heardAtMs: AT + 1_000 })]).toEqual([GREETING_INTERVAL_MS, 1_000 + TURN_MS]);
    expect([1, 2, 3, 9].map((failures) => awaited({ failures }))).toEqual([
      GREETING_INTERVAL_MS,
      2 * GREETING_INTERVAL_MS,
      LARGE_GREETING_INTERVAL_MS,
      LARGE_GREETING_INTERVAL_MS,
    ]);
    expect(awaited({ failures: 1 }, 0.5)).toBe(0.95 * GREETING_INTERVAL_MS);
  });
});

describe('two hosts', () => {
  const LAG_MS = 20;
  interface Side {
    exchanges: Exchanges;
    /** When it asked. */
    readonly asked: number[];
    random: number;
    /** In place of what the times say. */
    readonly next?: (side: Side) => number;
  }

  /** Both ask as they should for five minutes; the second one begins `laterMs` after the first. */
  function talk(laterMs: number, seed: number, next?: Side['next']): readonly [Side, Side] {
    const draw = seededRandom(seed);
    const side = (begin: number, of?: Side['next']): Side => ({
      exchanges: { ownAtMs: begin - GREETING_INTERVAL_MS, failures: 0, inVain: 0, heardAtMs: NEVER },
      ...{ asked: [], random: 0, ...(of && { next: of }) },
    });
    const sides = [side(0), side(laterMs, next)] as const;
    for (let nowMs = 0; nowMs < 300_000; nowMs += 10)
      for (const [at, one] of sides.entries()) {
        const other = sides[1 - at] as Side;
        const last = one.asked.at(-1);
        if (last !== undefined && last + LAG_MS === nowMs) other.exchanges = { ...other.exchanges, heardAtMs: nowMs };
        if (last !== undefined && last + 2 * LAG_MS === nowMs) one.exchanges = { ...one.exchanges, ownAtMs: nowMs };
        const isWaiting = last !== undefined && nowMs <= last + 2 * LAG_MS;
        const dueMs = one.next?.(one) ?? nextQuestionMs(one.exchanges, one.random, SMALL);
        if (isWaiting || dueMs > nowMs) continue;
        one.asked.push(nowMs);
        one.random = draw.next();
      }
    return sides;
  }

  const gapsOf = (times: readonly number[]) => times.slice(1).map((at, index) => at - (times[index] as number));
  const perMinute = ({ asked }: Side) => asked.filter((at) => at >= 60_000).length / 4;

  it.each([0, 10, 20, 500, 3_000, 7_900, 9_990])(
    'that begin %i ms apart ask each other less than four times a minute, and speak every ten seconds',
    (laterMs) => {
      for (let seed = 1; seed <= 20; seed += 1) {
        const [one, other] = talk(laterMs, seed);
        const spoken = [...one.asked, ...other.asked].sort((a, b) => a - b);
        expect([perMinute(one) <= 4, perMinute(other) <= 4]).toEqual([true, true]);
        expect(Math.max(...gapsOf(spoken))).toBeLessThanOrEqual(GREETING_INTERVAL_MS + 2 * LAG_MS);
        for (const side of [one, other])
          expect(Math.max(...gapsOf(side.asked))).toBeLessThanOrEqual(OWN_QUESTION_MS_MAX + 4 * LAG_MS);
      }
    },
  );

  it('one of which asks every ten seconds, as earlier versions do: the other asks about as often', () => {
    const [one, other] = talk(0, 1, ({ asked }) => (asked.at(-1) ?? NEVER) + GREETING_INTERVAL_MS);
    expect([perMinute(one) <= 8, perMinute(other)]).toEqual([true, 6]);
  });
});
