// Hosts that are asked themselves because no relay says enough of them: the fewer at once, the more of them are silent or slow.
import { expect, it } from 'vitest';
import type { Outcome } from '../../../node/feed/asking-turns.ts';
import {
  DIRECT_PLACES_MAX,
  DIRECT_PLACES_MIN,
  DIRECT_REST_MS_MAX,
  DirectPlaces,
  SLOW_ANSWER_MS,
} from '../../../node/feed/direct-places.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const WAITING = 4 * DIRECT_PLACES_MAX;
const NEVER = new AbortController().signal;

/** So many questions wait for a place, and end one after the other with `outcome`. Resolves with the most that were ever asked at once, and how many are at the end. */
async function askedAtOnce(places: DirectPlaces, outcome: Outcome): Promise<number> {
  const asked: ((outcome: Outcome) => void)[] = [];
  const all = Array.from({ length: WAITING }, () =>
    places.ask(() => new Promise((resolve) => asked.push(resolve)), NEVER),
  );
  let atOnce = 0;
  for (let ended = 0; ended < WAITING; ended += 1) {
    // A place that is free is taken within a few turns.
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    atOnce = asked.length - ended;
    if (ended > WAITING / 2) break;
    asked[ended]?.(outcome);
  }
  for (let at = 0; at < WAITING; at += 1) {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    asked[at]?.(outcome);
  }
  await Promise.all(all);
  return atOnce;
}

it('are more at once while they answer, and fewer while they do not', async () => {
  const places = new DirectPlaces(new VirtualClock());
  expect(await askedAtOnce(places, { kind: 'rest', restMs: 0 })).toBe(DIRECT_PLACES_MAX);
  expect(await askedAtOnce(places, { kind: 'failed' })).toBe(DIRECT_PLACES_MIN);
  expect(await askedAtOnce(places, { kind: 'rest', restMs: 0 })).toBe(DIRECT_PLACES_MAX);
});

it('are one, which rests, while answers are slow, and more again once they are quick', async () => {
  const clock = new VirtualClock();
  const places = new DirectPlaces(clock);
  let tookMs = 2 * SLOW_ANSWER_MS;
  const begun: number[] = [];
  const answer = async (): Promise<Outcome> => {
    begun.push(clock.monotonicMs());
    await clock.sleep(tookMs);
    return { kind: 'rest', restMs: 0 };
  };
  const all = Array.from({ length: 40 }, () => places.ask(answer, NEVER));
  await clock.advance(100_000);
  const late = begun.slice(2, 6);
  expect(late.map((at, index) => at - (begun[index + 1] ?? 0)).slice(1)).toEqual(Array(3).fill(5 * tookMs));
  const before = begun.length;
  tookMs = 1;
  await clock.advance(DIRECT_REST_MS_MAX + 100);
  expect([before < 15, begun.length]).toEqual([true, 40]);
  await Promise.all(all);
});

it('do not rest when the follower ends', async () => {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const asked = new DirectPlaces(clock).ask(async () => {
    await clock.sleep(2 * SLOW_ANSWER_MS);
    return { kind: 'rest', restMs: 0 };
  }, stop.signal);
  await clock.advance(2 * SLOW_ANSWER_MS);
  stop.abort();
  await expect(asked).resolves.toEqual({ kind: 'rest', restMs: 0 });
  expect(clock.sleepers).toBe(0);
});
