// Hosts that follow each other, in virtual time: a first stretch; `npm run sim` goes further. And that the simulation notices each broken rule,
// by one run that is known to; `npm run mutants` searches for them anew.
import { describe, expect, it } from 'vitest';
import { FOLLOW_PACE_MS } from '../../node/feed/asking-turns.ts';
import { search } from '../../scripts/search.ts';
import { feedLife, relayLife } from '../support/feed-lives.ts';
import { FEED_MUTANTS } from '../support/feed-mutants.ts';

const RUNS = 60;
/** Only ends a search that hangs: how long one takes is the machine's affair. */
const SEARCH_MS_MAX = 120_000;
const PARTS = 2;
const RELAY_RUNS = 30;
const MET_WITHIN = 25;
const GREETING_RUNS = 5;
const PACED_RUNS = 10;

it.each(Array.from({ length: PARTS }, (_, part) => [part * (RUNS / PARTS) + 1, (part + 1) * (RUNS / PARTS)] as const))(
  'lives %i to %i of hosts that follow each other: copies are what their owners have, and readers hear everything once',
  { timeout: SEARCH_MS_MAX },
  async (first, last) => {
    const { found } = await search('feeds', { first, last });
    const [one] = found;
    expect(found, `npm run sim -- --seed ${one?.seed} --size feeds --trace`).toEqual([]);
  },
);

it.each([1, 2, 3, 4])('greet each other, and take no copy for newer than it is (lives of part %i)', async (part) => {
  const of = Array.from({ length: GREETING_RUNS }, (_, at) => part * GREETING_RUNS + at);
  for (const seed of of) expect(await feedLife(seed, { isGreeting: true }), `seed ${seed}`).toEqual([]);
});

it('let news gather for a moment, and miss none of it', { timeout: SEARCH_MS_MAX }, async () => {
  for (let seed = 1; seed <= PACED_RUNS; seed += 1)
    expect(await feedLife(seed, { paceMs: FOLLOW_PACE_MS }), `seed ${seed}`).toEqual([]);
});

it('meet everything that can happen to a feed', { timeout: SEARCH_MS_MAX }, async () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= MET_WITHIN; seed += 1) await feedLife(seed, {}, met);
  expect([...met.keys()]).toEqual(
    expect.arrayContaining([
      ...['altered', 'crashes', 'is set back', 'joins', 'leaves', 'loses its disk', 'trims its log'],
      ...['feed.refused', 'feed.resumed', 'feed.log_renewed'],
    ]),
  );
});

it('is true through relays as well, which lie, crash and come and go', { timeout: SEARCH_MS_MAX }, async () => {
  const { found } = await search('relays', { first: 1, last: RELAY_RUNS });
  const [one] = found;
  expect(found, `npm run sim -- --seed ${one?.seed} --size relays --trace`).toEqual([]);
});

it('meet everything that can happen to a relay', { timeout: SEARCH_MS_MAX }, async () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= MET_WITHIN; seed += 1) await relayLife(seed, {}, met);
  expect([...met.keys()]).toEqual(
    expect.arrayContaining(['feed.relay_silent', 'feed.relay_lost_something', 'feed.relay_not_believed']),
  );
});

describe.each(FEED_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (name, { noticedBy }) => {
  const [life, seed] =
    'feeds' in noticedBy ? (['feeds', noticedBy.feeds] as const) : ([noticedBy.schedule, 1] as const);
  const only = { first: seed, last: seed };

  it('is noticed', async () => {
    const { found } = await search(life, only, { mutant: name });
    expect(found).not.toEqual([]);
  });

  it('is what that run notices: the product passes it', async () => {
    const { found } = await search(life, only);
    expect(found).toEqual([]);
  });
});
