// A mesh whose hosts all start at once, on the cores of one machine: whole nodes over real HTTP on loopback, with their stores in memory, none of
// which knows another's key. How long until the mesh has formed and until each host could claim, and what a host says until then.
// By a clock that goes as fast as the cores that other programs leave: a host of its own machine would have a hundred times as much time for its work.
import { systemClock } from '../../node/system/clock.ts';
import { freePorts } from '../host-process.ts';
import type { Benchmark, Figure } from './figure.ts';
import { keepMeshClock, meshClock } from './mesh-clock.ts';
import type { Progress } from './peer-thread.ts';
import { loadPeerThreads, newPeerKey, OWN_BENCHMARKS } from './peer-threads.ts';

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
  await using mesh = await loadAll(hosts);
  const { clock, threads } = mesh;
  const [sinceMs, { cpuMs: beforeMs }] = [clock.monotonicMs(), await threads.counted()];
  const started = threads.start('all');
  const passedMs = () => clock.monotonicMs() - sinceMs;
  const formedMsMax = hosts < LARGE_HOSTS ? FORMED_MS_MAX : LARGE_FORMED_MS_MAX;
  let seen = await threads.progress();
  const until = async (isSo: (seen: Progress) => boolean) => {
    for (; !isSo(seen) && passedMs() < formedMsMax; seen = await threads.progress()) await clock.sleep(LOOK_MS);
    return isSo(seen) ? passedMs() : Number.POSITIVE_INFINITY;
  };
  const formedMs = await until(({ formed }) => formed >= hosts);
  const readyMs = await until(({ ready }) => ready >= READY_SHARE * hosts);
  const { asked, cpuMs } = await threads.counted();
  await started;
  const questions = (isMeant: (path: string) => boolean) =>
    Object.entries(asked).reduce((sum, [path, count]) => sum + (isMeant(path) ? count : 0), 0);
  const names = namesOfMesh(hosts);
  return [
    { name: names[0], ...promised(formedMs, formedMsMax) },
    { name: names[1], ...promised(readyMs, formedMsMax) },
    { name: names[2], value: (cpuMs - beforeMs) / hosts, unit: 'ms' },
    { name: names[3], value: questions(() => true) / hosts, unit: '' },
    { name: names[4], value: questions((path) => path.endsWith('/hello')) / hosts, unit: '' },
  ];
}

function promised(ms: number, msMax: number): Pick<Figure, 'value' | 'unit' | 'target' | 'kept'> {
  return { value: Math.min(ms, msMax), unit: 'ms', target: 'they form', kept: ms < msMax };
}

async function loadAll(count: number) {
  const [port] = await freePorts(1);
  const listed = Array.from({ length: count }, (_, at) => ({
    ...{ id: `h${at}`, url: `http://127.1.${at >> 8}.${at & 255}:${port}`, voter: at < VOTERS },
  }));
  const voters = listed.flatMap(({ id, voter }) => (voter ? [id] : []));
  const peers = listed.map((peer) => ({ ...peer, key: newPeerKey().key, onlyAnswers: false }));
  await using stack = new AsyncDisposableStack();
  const clock = { memory: stack.use(keepMeshClock()).memory, beganMs: systemClock.wallMs() };
  const hosts = JSON.stringify({ hosts: listed });
  const heard = count <= WHOLE_HOSTS_MAX ? undefined : voters;
  const play = { code: OWN_BENCHMARKS, hosts, heard, countedOf: undefined, clock, areAtOnce: true };
  const threads = stack.use(await loadPeerThreads(peers, play));
  const owned = stack.move();
  return {
    clock: meshClock(clock.memory, clock.beganMs),
    threads,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
