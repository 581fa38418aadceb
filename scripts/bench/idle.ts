// What an idle host costs: the requests that it sends in a minute, and the CPU it takes for them and for answering its peers, in a mesh
// of three, thirty and a hundred hosts in which nobody does anything; beside the same host alone.
// Real: the measured host, which is a process of its own with its data on disk; all of its peers, which are whole nodes that it reaches
// over HTTP on loopback, and that ask it as often as they would; three voters, the measured host among them. Left out: what the hosts
// that do not vote would say to each other, of which the measured host would see nothing (idle-peers.ts). After a start a host reads each
// index once, ten a minute: in a mesh of more than a few hosts these reads fall into the windows.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
const WINDOWS_MAX = 2;
/** After the last host was found: what a start brings with it is over. */
const SETTLED_MS = 40_000;
const FOUND_MS_MAX = 120_000;
/** To each peer: two requests every ten seconds were what presence and greetings took when they were two conversations. */
const REQUESTS_PER_PEER_MAX = 4;

export const idleBenchmark: Benchmark = {
  name: 'idle',
  async run(rounds) {
    const windows = Math.min(rounds, WINDOWS_MAX);
    const alone = await measure(1, windows);
    console.error(`alone: ${Math.round(alone.cpuMs)} ms of CPU a minute`);
    const figures: Figure[] = [];
    for (const hosts of HOSTS) {
      const { requests, cpuMs, paths } = await measure(hosts, windows);
      const peers = hosts - 1;
      // Beside the table: which conversation they are.
      console.error(
        `${hosts} hosts, ${windows} min, ${Math.round(cpuMs)} ms of CPU a minute: ${JSON.stringify(paths)}`,
      );
      figures.push(
        {
          name: `${hosts} hosts idle, requests that one sends`,
          value: requests,
          unit: '1/min',
          baseline: { name: 'one to each peer every 10 s', value: 6 * peers },
          target: `≤ ${REQUESTS_PER_PEER_MAX} to a peer`,
          kept: requests <= REQUESTS_PER_PEER_MAX * peers,
        },
        {
          name: `${hosts} hosts idle, CPU of one`,
          value: cpuMs,
          unit: 'ms/min',
          baseline: { name: 'a host alone', value: alone.cpuMs },
        },
      );
    }
    return figures;
  },
};

interface Idle {
  /** Requests that the measured host sent in a minute. */
  readonly requests: number;
  /** Requests of all windows by path. */
  readonly paths: Readonly<Record<string, number>>;
  readonly cpuMs: number;
}

/** The middle of so many windows, each a minute. */
async function measure(hosts: number, windows: number): Promise<Idle> {
  const specs = Array.from({ length: hosts }, (_, at): HostSpec => ({ id: `h${at}`, entry: { voter: at < VOTERS } }));
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await ProcessMesh.create(specs, { flags: ['--log-level', 'error'] }));
  const text = await readFile(join(mesh.directory, 'hosts.json'), 'utf8');
  const [measured, ...peers] = mesh.hosts;
  if (measured === undefined) throw new Error('A mesh has at least one host.');
  const voters = specs.slice(0, VOTERS).map(({ id }) => id);
  let counted = new Map<string, number>();
  const sendingOff = await sendingOffPorts(systemClock, { info: () => {}, warn: () => {}, error: () => {} });
  const start = async ({ id, url }: HostProcess) => {
    const peer = await startIdlePeer({
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
  return { requests: median(requests), cpuMs: median(cpuMs), paths };
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
