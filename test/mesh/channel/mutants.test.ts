// That each broken rule of the channel is noticed by the attack that it lets through, and that the product withstands the same attack.
import { describe, expect, it } from 'vitest';
import { search } from '../../../scripts/search.ts';
import { CHANNEL_MUTANTS } from '../../support/channel-mutants.ts';

describe.each(CHANNEL_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s', (name, { noticedBy }) => {
  it('is noticed', async () => {
    const { found } = await search(noticedBy.schedule, { first: 1, last: 1 }, { mutant: name });
    expect(found).not.toEqual([]);
  });
});
