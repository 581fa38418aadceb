// The store through kills, power cuts and failing calls: what chance finds within a few seeds. `npm run sim` looks through many more.
import { describe, expect, it } from 'vitest';
import { storeLife } from '../support/store-simulation.ts';

const SEEDS = 60;

describe('a store that is ended at any of its calls', () => {
  it(`has what was acknowledged, and no more than was committed (seeds 1 to ${SEEDS})`, async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) expect(await storeLife(seed), `seed ${seed}`).toEqual([]);
  }, 60_000);
});
