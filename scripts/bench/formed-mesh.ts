// A mesh whose hosts all start at once, on the cores of one machine: whole nodes over real HTTP on loopback, with their stores in memory, none of
// which knows another's key. How long until the mesh has formed and until each host could claim, and what a host says until then.
// By a clock that goes as fast as the cores that other programs leave: a host of its own machine would have a hundred times as much time for its work.
import { freePorts } from '../host-process.ts';
import type { Benchmark, Figure } from './figure.ts';
import type { Counted } from './peer-thread.ts';
import { startPeerThreads } from './peer-threads.ts';

const HOSTS = [30, 100] as const;
const HOSTS_FULL = [30, 100, 300, 1_000] as const;
const VOTERS = 3;
/** Who has not formed by then does not: above a hundred hosts, there are nine times as many hellos to make, and as few cores. */
const [FORMED_MS_MAX, LARGE_FORMED_MS_MAX] = [120_000, 280_000];
const LARGE_HOSTS = 101;
/** So many all speak with each other; of more, hosts without a vote speak with the voters alone, for one machine has no time for a million hellos. */
const WHOLE_HOSTS_MAX = 300;
const LOOK_MS = 1_000;
/** Hosts that could claim, of all: the others asked a voter before it could answer, and ask it again later. */
const READY_SHARE = 0.9;

export const formingBenchmark: Benchmark = {
  name: 'forming',
  about:
    'A mesh whose hosts all start at once on one machine, each voter in a thread of its own and the others in four, none knowing the key of another: by a clock that goes as fast as the cores that other programs leave. What stands of 8c1923c0 was measured in one process, on one core.',
  figures: HOSTS.flatMap(namesOfMesh),
  figuresInFull: HOSTS_FULL.flatMap(namesOfMesh),
  async run(_, { full = false, sizes = full ? HOSTS_FULL : HOSTS } = {}) {
    const figures: Figure[] = [];
    for (const hosts of sizes) {
      const some = await measure(hosts);
      for (const one of some) console.error(`forming: ${one.name}: ${one.value.toPrecision(3)} ${one.unit}`);
      figures.push(...some);
    }
    return figures;
  },
};

function namesOfMesh(
  hosts: number,
): readonly [formed: string, ready: string, cpu: string, asked: string, hellos: string] {
  const left = hosts > WHOLE_HOSTS_MAX ? ', of which the voters alone are asked' : '';
  const name = `${hosts} hosts started at once${left}`;
  return [
    `${name}: all know of the mesh`,
    `${name}: nine of ten could claim`,
    `${name}: CPU of one until then`,
    `${name}: questions of one until then`,
    `${name}: hellos among them`,
  ];
}

async function measure(hosts: number): Promise<readonly Figure[]> {
  await using mesh = await startAll(hosts);
  const { clock, counted } = mesh;
  const [sinceMs, { cpuMs: beforeMs }] = [clock.monotonicMs(), await counted()];
  const passedMs = () => clock.monotonicMs() - sinceMs;
  const formedMsMax = hosts < LARGE_HOSTS ? FORMED_MS_MAX : LARGE_FORMED_MS_MAX;
  let seen = await counted();
  const until = async (isSo: (seen: Counted) => boolean) => {
    for (; !isSo(seen) && passedMs() < formedMsMax; seen = await counted()) await clock.sleep(LOOK_MS);
    return isSo(seen) ? passedMs() : Number.POSITIVE_INFINITY;
  };
  const formedMs = await until(({ formed }) => formed >= hosts);
  const readyMs = await until(({ ready }) => ready >= READY_SHARE * hosts);
  const names = namesOfMesh(hosts);
  return [
    { name: names[0], ...promised(formedMs, formedMsMax) },
    { name: names[1], ...promised(readyMs, formedMsMax) },
    { name: names[2], value: (seen.cpuMs - beforeMs) / hosts, unit: 'ms' },
    { name: names[3], value: seen.questions / hosts, unit: '' },
    { name: names[4], value: seen.hellos / hosts, unit: '' },
  ];
}

function promised(ms: number, msMax: number): Pick<Figure, 'value' | 'unit' | 'target' | 'kept'> {
  return { value: Math.min(ms, msMax), unit: 'ms', target: 'they form', kept: ms < msMax };
}

async function startAll(count: number) {
  const [port] = await freePorts(1);
  const peers = Array.from({ length: count }, (_, at) => ({
    ...{ id: `h${at}`, url: `http://127.1.${at >> 8}.${at & 255}:${port}`, voter: at < VOTERS },
  }));
  const voters = peers.flatMap(({ id, voter }) => (voter ? [id] : []));
  return await startPeerThreads(peers, count <= WHOLE_HOSTS_MAX ? undefined : voters);
}
