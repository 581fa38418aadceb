// What following costs in a mesh of three hundred and of a thousand hosts: requests and octets of a host that follows through relays, beside those of a voter, which
// follows everybody. Counted in the simulation, so neither rounds nor the machine make a difference.
import { largeMeshFigures } from '../../test/support/large-mesh.ts';
import type { Benchmark, Figure } from './figure.ts';

const HOSTS = [300, 1_000] as const;
const IDLE_OCTETS_PER_SECOND_MAX = 40 * 1_024;
const REQUESTS_PER_SECOND_MAX = 5;
const OCTETS_PER_CHANGE_MAX = 2_048;

export const relayBenchmark: Benchmark = {
  name: 'relays',
  about:
    'What following costs in a mesh of hundreds of hosts: a host that follows through relays, beside a voter, which follows everybody. Counted in the simulation, the feeds alone, so that neither rounds nor the machine make a difference.',
  figures: HOSTS.flatMap(namesOfMesh),
  async run(_, { sizes = HOSTS } = {}): Promise<readonly Figure[]> {
    const figures: Figure[] = [];
    for (const hosts of sizes) figures.push(...(await measure(hosts)));
    return figures;
  },
};

function namesOfMesh(hosts: number): readonly [octets: string, idle: string, busy: string, change: string] {
  const of = `${hosts.toLocaleString('en')} hosts`;
  return [
    `${of}, octets of the feeds a second, nothing new`,
    `${of}, requests of the feeds, nothing new`,
    `${of}, requests of the feeds, two changes a second`,
    `${of}, octets of bodies a change`,
  ];
}

async function measure(hosts: number): Promise<readonly Figure[]> {
  const { follower, voter, faults } = await largeMeshFigures(hosts);
  if (faults.length > 0) throw new Error(`The mesh is not what it must be: ${faults[0]}`);
  const [octets, idle, busy, change] = namesOfMesh(hosts);
  const requests = { unit: '1/s', target: `≤ ${REQUESTS_PER_SECOND_MAX}/s` };
  return [
    {
      ...{ name: octets, unit: 'octets' },
      ...{ value: follower.idleOctetsPerSecond, target: '≤ 40 KiB/s' },
      baseline: { name: 'a voter', value: voter.idleOctetsPerSecond },
      kept: follower.idleOctetsPerSecond <= IDLE_OCTETS_PER_SECOND_MAX,
    },
    {
      ...{ name: idle, ...requests, value: follower.idlePerSecond },
      baseline: { name: 'a voter', value: voter.idlePerSecond },
      kept: follower.idlePerSecond <= REQUESTS_PER_SECOND_MAX,
    },
    {
      ...{ name: busy, ...requests, value: follower.busyPerSecond },
      baseline: { name: 'a voter', value: voter.busyPerSecond },
      kept: follower.busyPerSecond <= REQUESTS_PER_SECOND_MAX,
    },
    {
      ...{ name: change, unit: 'octets', value: follower.octetsPerChange },
      baseline: { name: 'a voter', value: voter.octetsPerChange },
      ...{ target: '≤ 2 KiB', kept: follower.octetsPerChange <= OCTETS_PER_CHANGE_MAX },
    },
  ];
}
