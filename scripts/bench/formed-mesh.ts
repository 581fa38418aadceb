// A mesh whose hosts all start at once, in one process and on one core: whole nodes over real HTTP on loopback, with their stores in memory, none of
// which knows another's key. How long until the mesh has formed and until each host could claim, and what a host says until then.
// By a clock that stands while other programs have the core: a host of its own machine would have a hundred times as much time for its work.
import { systemClock } from '../../node/system/clock.ts';
import { freePorts } from '../host-process.ts';
import { coreClock } from './core-clock.ts';
import type { Benchmark, Figure } from './figure.ts';
import { type IdlePeer, newSigner, startIdlePeer } from './idle-peers.ts';
import { sendingOffPorts } from './sending-off.ts';
import { threadCpuMs } from './thread-cpu.ts';

const HOSTS = [30, 100] as const;
const HOSTS_FULL = [30, 100, 300, 1_000] as const;
const VOTERS = 3;
/** Who has not formed by then does not: above a hundred hosts, there are nine times as many hellos to make, and one core. */
const [FORMED_MS_MAX, LARGE_FORMED_MS_MAX] = [120_000, 280_000];
const LARGE_HOSTS = 101;
/** So many all speak with each other; of more, hosts without a vote speak with the voters alone, for one core has no time for a million hellos. */
const WHOLE_HOSTS_MAX = 300;
const LOOK_MS = 1_000;
/** Hosts that could claim, of all: the others asked a voter before it could answer, and ask it again later. */
const READY_SHARE = 0.9;

export const formingBenchmark: Benchmark = {
  name: 'forming',
  about:
    'A mesh whose hosts all start at once, in one process and on one core, none knowing the key of another: by a clock that stands while other programs have the core.',
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
  let [hellos, questions, formed] = [0, 0, 0];
  const [sinceMs, cpuMs] = [coreClock.monotonicMs(), threadCpuMs()];
  const mesh = await startAll(hosts, {
    asked: (path) => {
      questions += 1;
      if (path.endsWith('/hello')) hellos += 1;
    },
    logged: (event) => {
      if (event === 'mesh.formed') formed += 1;
    },
  });
  await using _ = mesh;
  const passedMs = () => coreClock.monotonicMs() - sinceMs;
  const formedMsMax = hosts < LARGE_HOSTS ? FORMED_MS_MAX : LARGE_FORMED_MS_MAX;
  const until = async (isSo: () => boolean) => {
    while (!isSo() && passedMs() < formedMsMax) await coreClock.sleep(LOOK_MS);
    return isSo() ? passedMs() : Number.POSITIVE_INFINITY;
  };
  const formedMs = await until(() => formed >= hosts);
  const couldClaim = () => mesh.peers.filter((peer) => peer.whyNoClaims() === undefined).length;
  const readyMs = await until(() => couldClaim() >= READY_SHARE * hosts);
  const names = namesOfMesh(hosts);
  return [
    { name: names[0], ...promised(formedMs, formedMsMax) },
    { name: names[1], ...promised(readyMs, formedMsMax) },
    { name: names[2], value: (threadCpuMs() - cpuMs) / hosts, unit: 'ms' },
    { name: names[3], value: questions / hosts, unit: '' },
    { name: names[4], value: hellos / hosts, unit: '' },
  ];
}

function promised(ms: number, msMax: number): Pick<Figure, 'value' | 'unit' | 'target' | 'kept'> {
  return { value: Math.min(ms, msMax), unit: 'ms', target: 'they form', kept: ms < msMax };
}

interface Watching {
  readonly asked: (path: string) => void;
  readonly logged: (event: string) => void;
}

async function startAll(
  count: number,
  { asked, logged }: Watching,
): Promise<AsyncDisposable & { readonly peers: readonly IdlePeer[] }> {
  await using stack = new AsyncDisposableStack();
  const [port] = await freePorts(1);
  const entries = Array.from({ length: count }, (_, at) => ({
    ...{ id: `h${at}`, url: `http://127.1.${at >> 8}.${at & 255}:${port}`, voter: at < VOTERS },
  }));
  const silent = { info: () => {}, warn: () => {}, error: () => {} };
  const sendingOff = await sendingOffPorts(systemClock, silent);
  const voting = new Set(entries.flatMap(({ id, voter }) => (voter ? [id] : [])));
  const isWhole = count <= WHOLE_HOSTS_MAX;
  const start = async ({ id, url, voter }: (typeof entries)[number]) =>
    stack.use(
      await startIdlePeer({
        ...{ id, url, hosts: JSON.stringify({ hosts: entries }), signer: newSigner(), sendingOff, clock: coreClock },
        heard: (other) => isWhole || voter || voting.has(other),
        asked: (_, path) => asked(path),
        log: { ...silent, info: logged },
      }),
    );
  const peers = await Promise.all(entries.map(start));
  const owned = stack.move();
  return { peers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
