// That the simulation notices each broken rule, by one run that is known to; `npm run mutants` searches for them anew. And that the
// product passes the same runs.
import { describe, expect, it } from 'vitest';
import { search } from '../../scripts/search.ts';
import { changeIn } from '../support/changed-sources.ts';
import type { Troubles } from '../support/claim-lives.ts';
import { CLAIM_MUTANTS, type Mutant } from '../support/claim-mutants.ts';
import { COLLECTING_MUTANTS } from '../support/collecting-mutants.ts';
import { FORGETTING_MUTANTS } from '../support/forgetting-mutants.ts';
import { ATTACKS, PEER_MUTANTS } from '../support/peer-mutants.ts';
import { WHOLE_MESH_MS_MAX } from '../support/time-bounds.ts';

/** The run that notices it, of that mutant; or of the product itself. */
async function run({ noticedBy }: Mutant, mutant?: string): Promise<Troubles> {
  const [life, seed] =
    'schedule' in noticedBy
      ? ([noticedBy.schedule, 1] as const)
      : (Object.entries(noticedBy)[0] as ['full' | 'micro' | 'collecting', number]);
  const { found } = await search(life, { first: seed, last: seed }, { mutant });
  return found.flatMap(({ troubles }) => troubles);
}

const MUTANTS = [...CLAIM_MUTANTS, ...COLLECTING_MUTANTS, ...FORGETTING_MUTANTS];

describe.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (_, mutant) => {
  it('is noticed', async () => {
    expect(await run(mutant, mutant.name)).not.toEqual([]);
  });

  it('is what that run notices: the product passes it', async () => {
    expect(await run(mutant)).toEqual([]);
  });
});

describe.each(PEER_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (_, { noticedBy, rules }) => {
  it('is noticed', { timeout: WHOLE_MESH_MS_MAX }, async () => {
    expect(await ATTACKS[noticedBy](rules)).not.toEqual([]);
  });

  it('is what that attack notices: the product withstands it', { timeout: WHOLE_MESH_MS_MAX }, async () => {
    expect(await ATTACKS[noticedBy]({})).toEqual([]);
  });
});

it('a schedule ends too when its moment never comes', async () => {
  const { found } = await search('takenMeanwhile', { first: 1, last: 1 }, { mutant: 'check-then-write' });
  expect(found).toMatchObject([{ troubles: [expect.stringContaining('nobody has asked whether')] }]);
});

it('a rule that is written otherwise by now is an error, not a mutant that breaks nothing', () => {
  const change = { file: 'mesh/a.ts', from: 'votes > half', to: 'true' };
  expect(changeIn('return votes > half;', change)).toBe('return true;');
  expect(() => changeIn('return votes >= most;', change)).toThrow("'votes > half' is in mesh/a.ts 0 times");
  expect(() => changeIn('votes > half || votes > half', change)).toThrow("'votes > half' is in mesh/a.ts 2 times");
});

it('there are thirty-seven', () => {
  expect(MUTANTS.length + PEER_MUTANTS.length).toBe(37);
});
