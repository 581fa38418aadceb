// What following costs in a mesh of a thousand hosts: requests and octets of a host that follows through relays, beside those of a voter, which
// follows everybody. Counted in the simulation, so neither rounds nor the machine make a difference.
import { largeMeshFigures } from '../../test/support/large-mesh.ts';
import type { Benchmark, Figure } from './figure.ts';

const HOSTS = 1_000;
const REQUESTS_PER_SECOND_MAX = 5;
const OCTETS_PER_CHANGE_MAX = 2_048;

export const relayBenchmark: Benchmark = {
  name: 'relays',
  async run(): Promise<readonly Figure[]> {
    const { follower, voter, faults } = await largeMeshFigures(HOSTS);
    if (faults.length > 0) throw new Error(`The mesh is not what it must be: ${faults[0]}`);
    const requests = { unit: '1/s', target: `≤ ${REQUESTS_PER_SECOND_MAX}/s` };
    return [
      {
        ...{ name: 'requests of the feeds, nothing new', ...requests, value: follower.idlePerSecond },
        baseline: { name: 'a voter', value: voter.idlePerSecond },
        kept: follower.idlePerSecond <= REQUESTS_PER_SECOND_MAX,
      },
      {
        ...{ name: 'the same, two changes a second', ...requests, value: follower.busyPerSecond },
        baseline: { name: 'a voter', value: voter.busyPerSecond },
        kept: follower.busyPerSecond <= REQUESTS_PER_SECOND_MAX,
      },
      {
        ...{ name: 'octets of bodies a change', unit: 'octets', value: follower.octetsPerChange },
        baseline: { name: 'a voter', value: voter.octetsPerChange },
        ...{ target: '≤ 2 KiB', kept: follower.octetsPerChange <= OCTETS_PER_CHANGE_MAX },
      },
    ];
  },
};
