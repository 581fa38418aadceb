// What an idle host costs: the requests that it sends in a minute, and the CPU it takes for them and for answering its peers, in meshes in which
// nobody does anything; beside the same mesh of an earlier version, whose checkout `--against` names, in the very same minutes.
// Three hosts vote, the measured one among them. What of the mesh is real: idle-mesh.ts.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../node/system/clock.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { type Code, type IdleMesh, OWN_CODE, processCpuMs, startIdleMesh } from './idle-mesh.ts';

const HOSTS = [3, 50] as const;
const HOSTS_IN_FULL = [30, 100] as const;
const WINDOW_MS = 60_000;
/** Windows of one mesh: more of them take minutes, and say little more. */
const WINDOWS_MAX = 3;
/** After the last host was found. V8 tidies its heap up to 220 s after a start; what else a start brings with it is over by then. */
const SETTLED_MS = 240_000;
/** The share of what it cost before greetings and presence became one conversation, and how many requests those were a minute. */
const SHARE_MAX = 1 / 3;
const BEFORE: { readonly commit: string; readonly requests: Readonly<Record<number, number>> } = {
  commit: '4b181c6',
  requests: { 3: 26, 30: 358, 100: 1_198 },
};
/** All peers of a mesh share the cores with it, and one that is too busy to answer is not idle. */
const AT_ONCE_HOSTS_MAX = 50;
/** Percent of one core, by how many hosts there are. */
const CORE_SHARE_MAX: Readonly<Record<number, number>> = { 3: 0.5, 50: 2 };

export const idleBenchmark: Benchmark = {
  name: 'idle',
  about:
    'What a host that votes costs while nobody does anything: its process, in a mesh whose other hosts share another one, four minutes after all were found.',
  figures: HOSTS.flatMap(namesOfMesh),
  figuresInFull: HOSTS_IN_FULL.flatMap(namesOfMesh),
  async run(rounds, { against, full = false } = {}) {
    const windows = Math.min(rounds, WINDOWS_MAX);
    const before = against === undefined ? [] : [await codeIn(resolve(against))];
    const runs: (readonly number[])[] = [...HOSTS, ...(full ? HOSTS_IN_FULL : [])].map((hosts) => [hosts]);
    // Meshes of this version alone bear each other: their minutes are the same.
    if (before.length === 0) runs.splice(0, HOSTS.length, HOSTS);
    const figures: Figure[] = [];
    for (const sizes of runs) {
      const meshes = sizes.flatMap((hosts) => [OWN_CODE, ...before].map((code) => ({ code, hosts })));
      const seen = await measure(meshes, windows);
      for (const hosts of sizes) {
        const [now, then] = seen.filter((_, at) => meshes[at]?.hosts === hosts);
        if (now !== undefined) figures.push(...figuresOf(hosts, now, then && { ...then, name: `${against}` }));
      }
    }
    return figures;
  },
};

function namesOfMesh(hosts: number): readonly [requests: string, cpu: string, core: string] {
  return [
    `${hosts} hosts idle, requests that one sends`,
    `${hosts} hosts idle, CPU of one`,
    `${hosts} hosts idle, one core`,
  ];
}

function figuresOf(hosts: number, now: Idle, then: (Idle & { readonly name: string }) | undefined): readonly Figure[] {
  const [requests, cpu, core] = namesOfMesh(hosts);
  const counted = BEFORE.requests[hosts];
  const before = counted === undefined ? undefined : { name: `${BEFORE.commit}, counted once`, value: counted };
  const [share, shareMax] = [(100 * now.cpuMs) / WINDOW_MS, CORE_SHARE_MAX[hosts]];
  return [
    third(requests, '1/min', now.requests, then === undefined ? before : { name: then.name, value: then.requests }),
    third(cpu, 'ms/min', now.cpuMs, then && { name: then.name, value: then.cpuMs }),
    {
      ...{ name: core, value: share, unit: '%' },
      ...(shareMax === undefined ? {} : { target: `≤ ${shareMax} %`, kept: share <= shareMax }),
    },
  ];
}

function third(name: string, unit: string, value: number, before: Figure['baseline']): Figure {
  if (before === undefined) return { name, value, unit };
  return { name, value, unit, baseline: before, target: '≤ a third', kept: value <= SHARE_MAX * before.value };
}

interface Idle {
  /** Requests that the measured host sent in a minute. */
  readonly requests: number;
  readonly cpuMs: number;
}

/** Code of the version in that directory. */
async function codeIn(directory: string): Promise<Code> {
  const urlOf = (path: string) => pathToFileURL(join(directory, path)).href;
  const processes: typeof import('../host-process.ts') = await import(urlOf('scripts/host-process.ts'));
  return { version: directory, benchmarks: urlOf('scripts/bench/'), ...processes };
}

/** A mesh of so many hosts, of that version. */
interface Measured {
  readonly code: Code;
  readonly hosts: number;
}

/** One after the other where all at once are more than this process carries. */
async function measure(meshes: readonly Measured[], windows: number): Promise<readonly Idle[]> {
  if (meshes.every(({ hosts }) => hosts <= AT_ONCE_HOSTS_MAX)) return await measureAtOnce(meshes, windows);
  const all: Idle[] = [];
  for (const mesh of meshes) all.push(...(await measureAtOnce([mesh], windows)));
  return all;
}

/**
 * Measures these meshes in the same minutes. They start one after the other: a version takes the ports for free that another has chosen, and
 * does not listen at yet.
 */
async function measureAtOnce(specs: readonly Measured[], windows: number): Promise<readonly Idle[]> {
  await using stack = new AsyncDisposableStack();
  const meshes: IdleMesh[] = [];
  for (const { code, hosts } of specs) meshes.push(stack.use(await startIdleMesh(code, hosts, true)));
  await systemClock.sleep(SETTLED_MS);
  const nameOf = ({ code, hosts }: Measured) => `${code.version}: ${hosts} hosts, ${windows} min`;
  return await Promise.all(specs.map((spec, at) => middleOf(meshes[at] as IdleMesh, nameOf(spec), windows)));
}

/** The middle of so many windows, each a minute. */
async function middleOf(mesh: IdleMesh, name: string, windows: number): Promise<Idle> {
  const [requests, cpuMs, paths]: [number[], number[], Record<string, number>] = [[], [], {}];
  for (let window = 0; window < windows; window += 1) {
    const sent = await mesh.counted();
    const [startMs, beforeMs] = [systemClock.monotonicMs(), await processCpuMs(mesh.measured.pid)];
    await systemClock.sleep(WINDOW_MS);
    const minutes = (systemClock.monotonicMs() - startMs) / 60_000;
    cpuMs.push(((await processCpuMs(mesh.measured.pid)) - beforeMs) / minutes);
    const counted = Object.entries(await mesh.counted()).map(([path, all]) => [path, all - (sent[path] ?? 0)] as const);
    requests.push(counted.reduce((sum, [, count]) => sum + count, 0) / minutes);
    for (const [path, count] of counted) paths[path] = (paths[path] ?? 0) + count;
  }
  // Beside the table: which conversation they are.
  console.error(`${name}, ${JSON.stringify({ cpuMs, paths })}`);
  return { requests: median(requests), cpuMs: median(cpuMs) };
}
