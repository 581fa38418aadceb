// Hosts that collect released names beside hosts of the version before, which know no floors: whoever moves the mesh, nothing goes wrong with a
// name. What is released stays in the registers as long as such a host votes.
import { expect, it } from 'vitest';
import type { HostId } from '../../mesh/names.ts';
import { collecting } from '../support/collecting-lives.ts';
import { withEarlierVoters } from '../support/earlier-voters.ts';

/** That the name leaves no register behind. */
const NOT_PROMISED = [/ still has a register of /];

it.each([[['cloud']], [['mini']], [['cloud', 'mini']], [['desk', 'mac']]])(
  'one owner per address while %s are of the version before released names were collected',
  (earlier) => {
    const isEarlier = (host: HostId) => (earlier as readonly string[]).includes(host);
    for (let seed = 1; seed <= 20; seed += 1) {
      const troubles = collecting(seed, { step: withEarlierVoters(isEarlier) });
      expect([seed, troubles.filter((trouble) => !NOT_PROMISED.some((one) => one.test(trouble)))]).toEqual([seed, []]);
    }
  },
);
