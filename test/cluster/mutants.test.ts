// That the simulation notices each broken rule, by one run that is known to; `npm run mutants` searches for them anew. And that the
// product passes the same runs.
import { describe, expect, it } from 'vitest';
import { full, micro, type Troubles } from '../support/claim-lives.ts';
import { MUTANTS, type Mutant } from '../support/claim-mutants.ts';
import { SCHEDULES } from '../support/claim-schedules.ts';
import type { SimulationOptions } from '../support/claim-simulation.ts';
import { ATTACKS, PEER_MUTANTS } from '../support/peer-mutants.ts';

/** Whole nodes with real signatures, on a busy machine. */
const ATTACK_MS_MAX = 60_000;

function run({ noticedBy }: Mutant, options: SimulationOptions): Troubles {
  if ('schedule' in noticedBy) return SCHEDULES[noticedBy.schedule](options);
  return 'micro' in noticedBy ? micro(noticedBy.micro, options) : full(noticedBy.full, options);
}

describe.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (_, mutant) => {
  it('is noticed', () => {
    expect(run(mutant, mutant.options())).not.toEqual([]);
  });

  it('is what that run notices: the product passes it', () => {
    expect(run(mutant, {})).toEqual([]);
  });
});

describe.each(PEER_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (_, { noticedBy, rules }) => {
  it('is noticed', { timeout: ATTACK_MS_MAX }, async () => {
    expect(await ATTACKS[noticedBy](rules)).not.toEqual([]);
  });

  it('is what that attack notices: the product withstands it', { timeout: ATTACK_MS_MAX }, async () => {
    expect(await ATTACKS[noticedBy]({})).toEqual([]);
  });
});

it('there are sixteen', () => {
  expect(MUTANTS.length + PEER_MUTANTS.length).toBe(16);
});
