// The same while of trouble for five real hosts whose claims an engine keeps: hosts are killed and hang and lose their disks, and so does
// the engine (one member of a cluster) but for its disk. What clients were told goes to the same checker; in the end nothing is left that nobody holds.
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../mesh/ports.ts';
import { Client } from '../../test/support/live.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { Etcd, EtcdCluster, Postgres, whyNoEtcd, whyNoPostgres } from '../engines.ts';
import type { HostProcess } from '../host-process.ts';
import {
  ADDRESSES,
  type ChaosOptions,
  type ChaosResult,
  claimAndRelease,
  IDS,
  Tally,
  troublesInPeace,
  until,
} from './claimants.ts';
import { ChaosMesh } from './mesh.ts';
import { Recorder } from './recorder.ts';

/** Longer than a claim may take, at most. */
const ENGINE_HANGS_MS_MAX = 6_500;

export const ENGINES = {
  etcd: { whyNot: whyNoEtcd, create: () => Etcd.create() },
  'etcd-cluster': { whyNot: whyNoEtcd, create: () => EtcdCluster.create() },
  postgres: { whyNot: whyNoPostgres, create: () => Postgres.create() },
} as const;

export const ENGINE_NAMES = Object.keys(ENGINES) as readonly (keyof typeof ENGINES)[];

export interface EngineChaosOptions extends ChaosOptions {
  readonly engine: keyof typeof ENGINES;
}

export async function runEngineChaos(
  { engine: kind, seconds, seed, operations = 0 }: EngineChaosOptions,
  say: (line: string) => void,
): Promise<ChaosResult> {
  const random = seededRandom(seed);
  await using engine = await ENGINES[kind].create();
  await using mesh = await ChaosMesh.create(IDS, IDS, { MESH_CLAIMS: engine.url });
  await Promise.all(mesh.hosts.map((host) => host.start()));
  await using client = new Client();
  const recorder = new Recorder();
  const isWell = async () =>
    (await Promise.all(mesh.hosts.map((host) => unsettled(host, client)))).every((n) => n === 0);
  await until(isWell, 'every host has found the engine');

  const end = new AbortController();
  const claimants = mesh.hosts.map((host) =>
    claimAndRelease(host, { client, recorder, mesh, signal: end.signal, seed }),
  );
  const tally = new Tally();
  /** Claims that they made and did not get an answer to are known to nobody any more. */
  const wiped = new Set<string>();
  for (const endMs = Date.now() + seconds * 1_000; Date.now() < endMs || recorder.operations < operations; ) {
    await pause(100 + random.next() * 900);
    await makeTrouble({ engine, mesh, recorder, random, wiped, tally });
  }
  mesh.resume();
  const violations: string[] = [];
  await until(isWell, 'every host can claim and has nothing to give back').catch((error: Error) => {
    violations.push(error.message);
  });
  end.abort();
  await Promise.all(claimants);
  violations.push(...(await troublesInPeace(mesh.hosts, client)));
  violations.push(...(await leftBehind(mesh.hosts, wiped, client)), ...recorder.violations());
  say(`${recorder.operations} operations under ${JSON.stringify(tally.counts)}`);
  return { operations: recorder.operations, troubles: tally.counts, violations };
}

interface Scene {
  readonly engine: Awaited<ReturnType<(typeof ENGINES)[keyof typeof ENGINES]['create']>>;
  readonly mesh: ChaosMesh;
  readonly recorder: Recorder;
  readonly random: Pick<Random, 'next'>;
  readonly wiped: Set<string>;
  readonly tally: Tally;
}

/** One trouble, by chance: of a host, of the engine, or the end of what hangs. */
async function makeTrouble({ engine, mesh, recorder, random, wiped, tally }: Scene): Promise<void> {
  const host = mesh.hosts[Math.floor(random.next() * mesh.hosts.length)] as HostProcess;
  const chance = random.next();
  if (chance < 0.3) {
    await host.kill();
    mesh.paused.delete(host.id);
    tally.add('hosts killed');
    await pause(random.next() * 500);
    await host.start();
  } else if (chance < 0.45 && mesh.paused.size < 2) {
    mesh.pause(host);
    tally.add('hosts hung');
  } else if (chance < 0.6) mesh.resume();
  else if (chance < 0.75) {
    await engine.kill();
    tally.add('engine killed');
    await pause(random.next() * 500);
    await engine.start();
  } else if (chance < 0.88) {
    engine.signal('SIGSTOP');
    tally.add('engine hung');
    // Most are short: a claim that the engine is late with must still be one.
    await pause(random.next() ** 3 * ENGINE_HANGS_MS_MAX);
    engine.signal('SIGCONT');
  } else {
    await host.kill();
    mesh.paused.delete(host.id);
    recorder.wiped(host.id, performance.now());
    mesh.wipe(host);
    wiped.add(host.id);
    tally.add('disks lost');
    await host.start();
  }
}

async function unsettled(host: HostProcess, client: Client): Promise<number | undefined> {
  const ready = await client.ask(host, 'GET', '/ready');
  return ready?.status === 200 ? ready.body.claims.unsettled : undefined;
}

/** What no host holds, any host may claim; but what a host that lost its disk had, only that host. */
async function leftBehind(
  hosts: readonly HostProcess[],
  wiped: ReadonlySet<string>,
  client: Client,
): Promise<readonly string[]> {
  const troubles: string[] = [];
  const held = new Set<string>();
  for (const host of hosts)
    for (const address of Object.keys((await client.expect(host, 'GET', '/api/agents/email-index')).body))
      held.add(address);
  const claim = (host: HostProcess, address: string) =>
    client.expect(host, 'POST', '/api/agents/me/email/addresses', { address });
  for (const host of hosts) await client.expect(host, 'POST', '/api/agents', { id: 'me', name: 'me' });
  for (const address of ADDRESSES.filter((one) => !held.has(one))) {
    let answer = await claim(hosts[0] as HostProcess, address);
    const owner = answer.body.claimedBy?.hostId as string | undefined;
    const former = owner !== undefined && wiped.has(owner) ? hosts.find(({ id }) => id === owner) : undefined;
    if (former !== undefined) answer = await claim(former, address);
    if (answer.status !== 201)
      troubles.push(`Nobody holds ${address}, and a claim of it is answered ${JSON.stringify(answer.body)}`);
  }
  return troubles;
}
