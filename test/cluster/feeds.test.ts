// Hosts that follow each other, in virtual time: a first stretch; `npm run sim` goes further. And that the simulation notices each broken rule,
// by one run that is known to; `npm run mutants` searches for them anew.
import { describe, expect, it } from 'vitest';
import { search } from '../../scripts/search.ts';
import { feedLife } from '../support/feed-lives.ts';
import { FEED_MUTANTS } from '../support/feed-mutants.ts';

const RUNS = 60;
const PARTS = 2;
const MET_WITHIN = 25;

it.each(Array.from({ length: PARTS }, (_, part) => [part * (RUNS / PARTS) + 1, (part + 1) * (RUNS / PARTS)] as const))(
  'lives %i to %i of hosts that follow each other: copies are what their owners have, and readers hear everything once',
  async (first, last) => {
    const { found } = await search('feeds', { first, last });
    const [one] = found;
    expect(found, `npm run sim -- --seed ${one?.seed} --size feeds --trace`).toEqual([]);
  },
);

it('meet everything that can happen to a feed', async () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= MET_WITHIN; seed += 1) await feedLife(seed, {}, met);
  expect([...met.keys()]).toEqual(
    expect.arrayContaining([
      ...['altered', 'crashes', 'is set back', 'joins', 'leaves', 'loses its disk', 'trims its log'],
      ...['feed.refused', 'feed.resumed', 'feed.log_renewed'],
    ]),
  );
});

describe.each(FEED_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (name, { noticedBy }) => {
  const only = { first: noticedBy.feeds, last: noticedBy.feeds };

  it('is noticed', async () => {
    const { found } = await search('feeds', only, { mutant: name });
    expect(found).not.toEqual([]);
  });

  it('is what that run notices: the product passes it', async () => {
    const { found } = await search('feeds', only);
    expect(found).toEqual([]);
  });
});
