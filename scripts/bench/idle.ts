// What an idle host costs: the requests that it sends in a minute, and the CPU it takes for them and for answering its peers, in a mesh of
// three, thirty and a hundred hosts in which nobody does anything; beside the same mesh of an earlier version, whose checkout `--against`
// names, in the very same minutes.
// Real: the measured host, which is a process of its own with its data on disk; all of its peers, which are whole nodes that it reaches over
// HTTP on loopback, and that ask it as often as they would; three voters, the measured host among them. Left out: what the hosts that do not
// vote would say to each other, of which the measured host would see nothing (idle-peers.ts).
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { request } from 'undici';
import { systemClock } from '../../node/system/clock.ts';
import { type HostProcess, type HostSpec, ProcessMesh } from '../host-process.ts';
import { type Benchmark, type Figure, median } from './figure.ts';
import { startIdlePeer } from './idle-peers.ts';
import { sendingOffPorts } from './sending-off.ts';

const HOSTS = [3, 30, 100] as const;
const VOTERS = 3;
const WINDOW_MS = 60_000;
/** Windows of one mesh: more of them take minutes, and say little more. */
const WINDOWS_MAX = 5;
/** After the last host was found. V8 tidies its heap up to 220 s after a start; what else a start brings with it is over by then. */
const SETTLED_MS = 240_000;
const FOUND_MS_MAX = 120_000;
/** Of the version before greetings and presence became one conversation. */
const SHARE_MAX = 1 / 3;
const BEFORE = { commit: '4b181c6', requests: { 3: 26, 30: 358, 100: 1_198 } } as const;
/** Of a core, in a mesh of fifty hosts. */
const CORE_SHARE_MAX = 0.02;
const CORE_SHARE_HOSTS = 50;
/** What a mesh is made of. */
interface Code {
  readonly version: string;
  readonly ProcessMesh: typeof ProcessMesh;
  readonly startIdlePeer: typeof startIdlePeer;
  readonly sendingOffPorts: typeof sendingOffPorts;
}

const OWN: Code = { version: 'this one', ProcessMesh, startIdlePeer, sendingOffPorts };

export const idleBenchmark: Benchmark = {
  name: 'idle',
  async run(rounds, against) {
    const windows = Math.min(rounds, WINDOWS_MAX);
    const figures: Figure[] = [];
    for (const hosts of HOSTS) {
      const [now, before] = await Promise.all([
        measure(OWN, hosts, windows),
        against === undefined ? undefined : measure(await codeIn(resolve(against)), hosts, windows),
      ]);
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
  const { cpuMs } = await measure(OWN, CORE_SHARE_HOSTS, windows);
  const value = (100 * cpuMs) / WINDOW_MS;
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

/** The middle of so many windows, each a minute. `code`: of the version that is measured. */
async function measure(code: Code, hosts: number, windows: number): Promise<Idle> {
  const specs = Array.from({ length: hosts }, (_, at): HostSpec => ({ id: `h${at}`, entry: { voter: at < VOTERS } }));
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await code.ProcessMesh.create(specs, { flags: ['--log-level', 'error'] }));
  const text = await readFile(join(mesh.directory, 'hosts.json'), 'utf8');
  const [measured, ...peers] = mesh.hosts;
  if (measured === undefined) throw new Error('A mesh has at least one host.');
  const voters = specs.slice(0, VOTERS).map(({ id }) => id);
  let counted = new Map<string, number>();
  const sendingOff = await code.sendingOffPorts(systemClock, { info: () => {}, warn: () => {}, error: () => {} });
  const start = async ({ id, url }: HostProcess) => {
    const peer = await code.startIdlePeer({
      ...{ id, url, sendingOff, hosts: text },
      heard: (other) => voters.includes(id) || voters.includes(other),
      asked: (from, path) => {
        if (from === measured.id) counted.set(path, (counted.get(path) ?? 0) + 1);
      },
    });
    stack.use(peer);
  };
  // First those that must have heard each other: a hundred hosts that wait for a mesh ask each other twice a second.
  for (const peer of peers.slice(0, VOTERS - 1)) await start(peer);
  await measured.start();
  await found(measured.url, Math.min(VOTERS - 1, peers.length));
  for (const peer of peers.slice(VOTERS - 1)) await start(peer);
  await found(measured.url, peers.length);
  await systemClock.sleep(SETTLED_MS);
  const [requests, cpuMs, paths]: [number[], number[], Record<string, number>] = [[], [], {}];
  for (let window = 0; window < windows; window += 1) {
    counted = new Map();
    const [startMs, beforeMs] = [systemClock.monotonicMs(), await processCpuMs(measured.pid)];
    await systemClock.sleep(WINDOW_MS);
    const minutes = (systemClock.monotonicMs() - startMs) / 60_000;
    cpuMs.push(((await processCpuMs(measured.pid)) - beforeMs) / minutes);
    requests.push([...counted.values()].reduce((sum, count) => sum + count, 0) / minutes);
    for (const [path, count] of counted) paths[path] = (paths[path] ?? 0) + count;
  }
  // Beside the table: which conversation they are.
  console.error(`${code.version}: ${hosts} hosts, ${windows} min, ${JSON.stringify({ cpuMs, paths })}`);
  return { requests: median(requests), cpuMs: median(cpuMs) };
}

/** Resolves when the host may claim and says of every peer that it is there. */
async function found(url: string, peers: number): Promise<void> {
  const untilMs = systemClock.monotonicMs() + FOUND_MS_MAX;
  for (;;) {
    const ready = await statusOf(`${url}/ready`);
    const { body } = await request(`${url}/api/hosts`);
    const { hosts } = (await body.json()) as { readonly hosts: readonly { readonly status?: string }[] };
    const online = hosts.filter(({ status }) => status === 'online').length;
    if (ready === 200 && online >= peers) return;
    if (systemClock.monotonicMs() > untilMs)
      throw new Error(`After ${FOUND_MS_MAX} ms only ${online} of ${peers} peers are online (ready: ${ready}).`);
    await systemClock.sleep(500);
  }
}

async function statusOf(url: string): Promise<number> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode;
}

/** CPU that all threads of the process have used so far, the system's part included (Linux: proc(5), `schedstat`, in nanoseconds). */
async function processCpuMs(pid: number | undefined): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const used = await Promise.all(
    tasks.map(async (task) => Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0])),
  );
  return used.reduce((sum, ns) => sum + ns, 0) / 1e6;
}
