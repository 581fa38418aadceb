// A mesh in which nobody does anything, with one host that is measured: a process of its own with its data on disk. Its peers are played by threads
// of this process (peer-threads.ts), and reached over HTTP on loopback. Whole nodes are the hosts that it keeps in touch with, which ask it and the
// voters as often as they would: all of them up to fifty hosts, or where it votes; in a larger mesh the voters and its two neighbours. The others
// answer what they are asked, and ask nobody (answering-peers.ts), for a machine of two cores carries no thousand whole nodes.
// Left out: what hosts that do not vote would say to each other, and ask of the voters, of which the measured host would see nothing.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { companyOf } from '../../mesh/membership/greeted-hosts.ts';
import type { HostId } from '../../mesh/names.ts';
import { systemClock } from '../../node/system/clock.ts';
import { freePorts, type HostProcess, type HostSpec, ProcessMesh } from '../host-process.ts';
import { loadPeerThreads, newPeerKey, OWN_BENCHMARKS } from './peer-threads.ts';

const VOTERS = 3;
/** So much for a mesh, and so much more for each of its hosts: one after the other is asked who it is. */
const [FOUND_MS_MAX, FOUND_EACH_MS_MAX] = [240_000, 600];
const LOOK_MS = 500;
/** Ports are few: above so many hosts, peers have addresses of their own on loopback, and one port. */
const PORTS_MAX = 200;

/** What a mesh is made of. */
export interface Code {
  readonly version: string;
  /** Where the version's benchmarks lie: the URL of a directory, with a slash at its end. */
  readonly benchmarks: string;
  readonly ProcessMesh: typeof ProcessMesh;
}

export const OWN_CODE: Code = { version: 'this one', benchmarks: OWN_BENCHMARKS, ProcessMesh };

export interface IdleMesh extends AsyncDisposable {
  readonly measured: HostProcess;
  /** Requests that the measured host has sent so far, by their path. */
  counted(): Promise<Readonly<Record<string, number>>>;
}

/** Resolves when the measured host has found all others. `votes`: whether it is one of the three voters. `code`: of the version that is measured. */
export async function startIdleMesh(code: Code, hosts: number, votes: boolean): Promise<IdleMesh> {
  const specs = await specsOf(hosts, votes);
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await code.ProcessMesh.create(specs, { flags: ['--log-level', 'error'] }));
  const plain = await readFile(join(mesh.directory, 'hosts.json'), 'utf8');
  const measured = mesh.host('h0');
  const keys = new Map(mesh.hosts.map(({ id }) => [id, newPeerKey()]));
  const voters = specs.flatMap(({ id, entry }) => (entry?.voter === true ? [id] : []));
  const company = companyOf({
    self: measured.id as HostId,
    hosts: [...keys.keys()] as HostId[],
    voters: voters as HostId[],
  });
  const peers = mesh.hosts.flatMap(({ id, url }) => {
    const { key = '' } = keys.get(id) ?? {};
    const onlyAnswers = code === OWN_CODE && !company.has(id as HostId);
    return id === measured.id ? [] : [{ id, url, key, onlyAnswers, voter: voters.includes(id) }];
  });
  const threads = stack.use(
    await loadPeerThreads(peers, {
      code: code.benchmarks,
      // An earlier version may make keys of its own.
      hosts: code === OWN_CODE ? withKeys(plain, measured.id, keys) : plain,
      heard: [...voters, measured.id],
      countedOf: measured.id,
      ...{ clock: undefined, areAtOnce: false },
    }),
  );
  // First those that must have heard each other: a hundred hosts that wait for a mesh ask each other twice a second.
  await threads.start('voters');
  await measured.start();
  await found(measured.url, peers.filter(({ voter }) => voter).length);
  await threads.start('others');
  await found(measured.url, peers.length);
  const owned = stack.move();
  return {
    measured,
    counted: async () => (await threads.counted()).asked,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** What the peers know of each other beforehand: ten thousand hellos would tell the measured host nothing. Its own key they learn. */
function withKeys(text: string, measured: string, keys: ReadonlyMap<string, { readonly publicKey: string }>): string {
  const { hosts } = JSON.parse(text) as { readonly hosts: readonly { readonly id: string }[] };
  const keyed = hosts.map((host) =>
    host.id === measured ? host : { ...host, publicKey: keys.get(host.id)?.publicKey },
  );
  return JSON.stringify({ hosts: keyed });
}

/** The measured host is the first. */
async function specsOf(hosts: number, votes: boolean): Promise<readonly HostSpec[]> {
  const [first, last] = votes ? [0, VOTERS - 1] : [1, VOTERS];
  const [port] = hosts > PORTS_MAX ? await freePorts(1) : [];
  return Array.from({ length: hosts }, (_, at): HostSpec => {
    const own = port === undefined || at === 0 ? {} : { url: `http://127.1.${at >> 8}.${at & 255}:${port}` };
    return { id: `h${at}`, entry: { voter: at >= first && at <= last }, ...own };
  });
}

/** Resolves when the host may claim and says of every peer that it is there. */
async function found(url: string, peers: number): Promise<void> {
  const foundMsMax = FOUND_MS_MAX + FOUND_EACH_MS_MAX * peers;
  const untilMs = systemClock.monotonicMs() + foundMsMax;
  for (;;) {
    // A host that has too much to do may close a connection while it is asked over it.
    const { ready, online } = await saidBy(url).catch((error: Error) => ({ ready: error.message, online: 0 }));
    if (ready === 200 && online >= peers) return;
    if (systemClock.monotonicMs() > untilMs)
      throw new Error(`After ${foundMsMax} ms only ${online} of ${peers} peers are online (ready: ${ready}).`);
    await systemClock.sleep(LOOK_MS);
  }
}

/** Whether the host may claim, as a status, and how many others it takes for there. */
export async function saidBy(url: string): Promise<{ readonly ready: number; readonly online: number }> {
  const ready = await statusOf(`${url}/ready`);
  const { body } = await request(`${url}/api/hosts`);
  const { hosts } = (await body.json()) as { readonly hosts: readonly { readonly status?: string }[] };
  return { ready, online: hosts.filter(({ status }) => status === 'online').length };
}

async function statusOf(url: string): Promise<number> {
  const { statusCode, body } = await request(url);
  await body.dump();
  return statusCode;
}

/** CPU that all threads of the process have used so far, the system's part included (Linux: proc(5), `schedstat`, in nanoseconds). */
export async function processCpuMs(pid: number | undefined): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const used = await Promise.all(
    tasks.map(async (task) => Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[0])),
  );
  return used.reduce((sum, ns) => sum + ns, 0) / 1e6;
}
