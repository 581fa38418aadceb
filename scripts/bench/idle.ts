// What an idle host costs: the requests that it sends in a minute, and the CPU it takes for them and for answering its peers, in a mesh of
// three, thirty and a hundred hosts in which nobody does anything; beside the same mesh of an earlier version, whose checkout `--against`
// names, in the very same minutes.
// Three hosts vote, the measured one among them. What of the mesh is real: idle-mesh.ts.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../node/system/clock.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { type Code, type IdleMesh, OWN_CODE, processCpuMs, startIdleMesh } from './idle-mesh.ts';

const HOSTS = [3, 30, 100] as const;
const WINDOW_MS = 60_000;
/** Windows of one mesh: more of them take minutes, and say little more. */
const WINDOWS_MAX = 5;
/** After the last host was found. V8 tidies its heap up to 220 s after a start; what else a start brings with it is over by then. */
const SETTLED_MS = 240_000;
/** The share of what it cost before greetings and presence became one conversation. */
const SHARE_MAX = 1 / 3;
const BEFORE = { commit: '4b181c6', requests: { 3: 26, 30: 358, 100: 1_198 } } as const;
/** All peers of a mesh share one process, and one that is too busy to answer is not idle. */
const AT_ONCE_HOSTS_MAX = 50;
/** Share of a core, in a mesh of fifty hosts. */
const CORE_SHARE_MAX = 0.02;
const CORE_SHARE_HOSTS = 50;

export const idleBenchmark: Benchmark = {
  name: 'idle',
  async run(rounds, { against } = {}) {
    const windows = Math.min(rounds, WINDOWS_MAX);
    const figures: Figure[] = [];
    const codes = [OWN_CODE, ...(against === undefined ? [] : [await codeIn(resolve(against))])];
    for (const hosts of HOSTS) {
      const [now, before] = await measure(codes, hosts, windows);
      if (now === undefined) break;
      const requestsBefore = before?.requests ?? BEFORE.requests[hosts];
      const name = before === undefined ? BEFORE.commit : `${against}`;
      figures.push(third(`${hosts} hosts idle, requests that one sends`, '1/min', now.requests, name, requestsBefore));
      figures.push(third(`${hosts} hosts idle, CPU of one`, 'ms/min', now.cpuMs, name, before?.cpuMs));
    }
    return [...figures, await coreShare(windows)];
  },
};

function third(name: string, unit: string, value: number, beside: string, before: number | undefined): Figure {
  if (before === undefined) return { name, value, unit };
  const kept = value <= SHARE_MAX * before;
  return { name, value, unit, baseline: { name: beside, value: before }, target: '≤ a third', kept };
}

async function coreShare(windows: number): Promise<Figure> {
  const [idle] = await measure([OWN_CODE], CORE_SHARE_HOSTS, windows);
  const value = (100 * (idle?.cpuMs ?? Number.NaN)) / WINDOW_MS;
  const target = `≤ ${100 * CORE_SHARE_MAX} %`;
  return {
    name: `${CORE_SHARE_HOSTS} hosts idle, one core`,
    value,
    unit: '%',
    target,
    kept: value <= 100 * CORE_SHARE_MAX,
  };
}

interface Idle {
  /** Requests that the measured host sent in a minute. */
  readonly requests: number;
  readonly cpuMs: number;
}

/** Code of the version in that directory. */
async function codeIn(directory: string): Promise<Code> {
  const load = (path: string) => import(pathToFileURL(join(directory, path)).href);
  const processes: typeof import('../host-process.ts') = await load('scripts/host-process.ts');
  const peers: typeof import('./idle-peers.ts') = await load('scripts/bench/idle-peers.ts');
  const sending: typeof import('./sending-off.ts') = await load('scripts/bench/sending-off.ts');
  return { version: directory, ...processes, ...peers, ...sending };
}

/** One mesh of each of these versions after the other where both at once are more than this process carries. */
async function measure(codes: readonly Code[], hosts: number, windows: number): Promise<readonly Idle[]> {
  if (hosts <= AT_ONCE_HOSTS_MAX) return await measureAtOnce(codes, hosts, windows);
  const all: Idle[] = [];
  for (const code of codes) all.push(...(await measureAtOnce([code], hosts, windows)));
  return all;
}

/**
 * Measures one mesh of each of these versions, in the same minutes. They start one after the other: a version takes the ports for free that
 * another has chosen, and does not listen at yet.
 */
async function measureAtOnce(codes: readonly Code[], hosts: number, windows: number): Promise<readonly Idle[]> {
  await using stack = new AsyncDisposableStack();
  const meshes: IdleMesh[] = [];
  for (const code of codes) meshes.push(stack.use(await startIdleMesh(code, hosts, true)));
  await systemClock.sleep(SETTLED_MS);
  return await Promise.all(
    meshes.map((mesh, at) => middleOf(mesh, `${codes[at]?.version}: ${hosts} hosts, ${windows} min`, windows)),
  );
}

/** The middle of so many windows, each a minute. */
async function middleOf(mesh: IdleMesh, name: string, windows: number): Promise<Idle> {
  const [requests, cpuMs, paths]: [number[], number[], Record<string, number>] = [[], [], {}];
  for (let window = 0; window < windows; window += 1) {
    mesh.takeCounted();
    const [startMs, beforeMs] = [systemClock.monotonicMs(), await processCpuMs(mesh.measured.pid)];
    await systemClock.sleep(WINDOW_MS);
    const minutes = (systemClock.monotonicMs() - startMs) / 60_000;
    cpuMs.push(((await processCpuMs(mesh.measured.pid)) - beforeMs) / minutes);
    const counted = mesh.takeCounted();
    requests.push([...counted.values()].reduce((sum, count) => sum + count, 0) / minutes);
    for (const [path, count] of counted) paths[path] = (paths[path] ?? 0) + count;
  }
  // Beside the table: which conversation they are.
  console.error(`${name}, ${JSON.stringify({ cpuMs, paths })}`);
  return { requests: median(requests), cpuMs: median(cpuMs) };
}
