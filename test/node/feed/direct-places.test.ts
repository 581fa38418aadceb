// Hosts that are asked themselves because no relay says enough of them: the fewer at once, the more of them are silent.
import { expect, it } from 'vitest';
import type { Outcome } from '../../../node/feed/asking-turns.ts';
import { DIRECT_PLACES_MAX, DIRECT_PLACES_MIN, DirectPlaces } from '../../../node/feed/direct-places.ts';

const WAITING = 4 * DIRECT_PLACES_MAX;

/** So many questions wait for a place, and end one after the other with `outcome`. Resolves with the most that were ever asked at once, and how many are at the end. */
async function askedAtOnce(places: DirectPlaces, outcome: Outcome): Promise<number> {
  const asked: ((outcome: Outcome) => void)[] = [];
  const all = Array.from({ length: WAITING }, () => places.ask(() => new Promise((resolve) => asked.push(resolve))));
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
  const places = new DirectPlaces();
  expect(await askedAtOnce(places, { kind: 'rest', restMs: 0 })).toBe(DIRECT_PLACES_MAX);
  expect(await askedAtOnce(places, { kind: 'failed' })).toBe(DIRECT_PLACES_MIN);
  expect(await askedAtOnce(places, { kind: 'rest', restMs: 0 })).toBe(DIRECT_PLACES_MAX);
});
