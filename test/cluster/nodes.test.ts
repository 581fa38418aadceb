// Whole hosts in virtual time, their look-ups among them: a first stretch; `npm run sim` goes further.
import { describe, expect, it } from 'vitest';
import { nodeLife } from '../support/node-lives.ts';
import { NODE_MUTANTS } from '../support/node-mutants.ts';

const RUNS = 120;
const PARTS = 4;
const NOTICED_WITHIN = 10;

it.each(Array.from({ length: PARTS }, (_, part) => [part * (RUNS / PARTS) + 1, (part + 1) * (RUNS / PARTS)] as const))(
  'lives %i to %i of whole hosts keep one owner per address, and look-ups tell the truth of it',
  async (first, last) => {
    for (let seed = first; seed <= last; seed += 1)
      expect(await nodeLife(seed), `npm run sim -- --seed ${seed} --size nodes --trace`).toEqual([]);
  },
);

it('meet everything that can come of a claim and of a look-up', async () => {
  const met = new Map<string, number>();
  for (let seed = 1; seed <= RUNS / PARTS; seed += 1) await nodeLife(seed, {}, met);
  expect([...met.keys()].sort()).toEqual([
    'claimed',
    'conflict',
    'conflict with the legacy host',
    'held already',
    'looked up',
    'looked up, not everywhere',
    'released',
    'releasing',
    'uniqueness_unavailable',
  ]);
});

describe.each(NODE_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (_, mutant) => {
  it('is noticed', async () => {
    let troubles: readonly string[] = [];
    for (let seed = 1; seed <= NOTICED_WITHIN && troubles.length === 0; seed += 1)
      troubles = await nodeLife(seed, mutant.options());
    expect(troubles).not.toEqual([]);
  });
});
