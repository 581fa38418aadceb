// The store through kills, power cuts and failing calls: what chance finds within a few seeds, and that it finds each broken rule, by one of
// these that is known to. `npm run sim` and `npm run mutants` search further.
import { describe, expect, it } from 'vitest';
import { search } from '../../scripts/search.ts';
import { STORE_MUTANTS } from '../support/store-mutants.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

/** The product passes every run that notices a mutant. */
const SEEDS = Math.max(...STORE_MUTANTS.map(({ noticedBy }) => noticedBy.stores));

describe('a store that is ended at any of its calls', () => {
  it(`has what was acknowledged, and no more than was committed (seeds 1 to ${SEEDS})`, {
    timeout: WHOLE_MESH_MS_MAX,
  }, async () => {
    expect((await search('stores', { first: 1, last: SEEDS })).found).toEqual([]);
  });
});

describe('a store that gets it wrong is noticed', () => {
  it.each(STORE_MUTANTS.map((mutant) => [mutant.name, mutant.noticedBy.stores] as const))(
    '%s',
    {
      timeout: WHOLE_MESH_MS_MAX,
    },
    async (mutant, seed) => {
      expect((await search('stores', { first: seed, last: seed }, { mutant })).found).not.toEqual([]);
    },
  );
});
