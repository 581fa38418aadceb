// Hosts that follow each other in virtual time: a first stretch; `npm run sim` goes further. And that the simulation notices each broken rule.
import { describe, expect, it } from 'vitest';
import { search } from '../../scripts/search.ts';
import { feedLife } from '../support/feed-lives.ts';
import { FEED_MUTANTS } from '../support/feed-mutants.ts';

const RUNS = 24;

it(`lives 1 to ${RUNS} of feeds keep every copy as its owner's index, and lose, invent and repeat nothing`, async () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= RUNS; seed += 1)
    expect(await feedLife(seed, {}, met), `npm run sim -- --seed ${seed} --size feeds --trace`).toEqual([]);
  expect([...met.keys()].sort()).toEqual([
    'chunk',
    'crash',
    'cut',
    'gone',
    'nothing new',
    'set back',
    'snapshot',
    'start',
    'wiped',
  ]);
});

describe.each(FEED_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (_, { name, noticedBy }) => {
  it('is noticed', async () => {
    const { found } = await search('feeds', { first: noticedBy.feeds, last: noticedBy.feeds }, { mutant: name });
    expect(found.flatMap(({ troubles }) => troubles)).not.toEqual([]);
  });

  it('is what that run notices: the product passes it', async () => {
    expect(await feedLife(noticedBy.feeds)).toEqual([]);
  });
});
