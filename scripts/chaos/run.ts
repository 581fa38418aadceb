// A while of trouble for five real hosts under claims and releases of few addresses: kills, pauses, cut links, edited hosts.json, lost
// disks. What clients were told goes to the checker; in the end everything must be well again, by itself.
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../mesh/ports.ts';
import { Client } from '../../test/support/live.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import {
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

const LISTS = [['cloud', 'mac', 'mini'], IDS, ['cloud', 'desk', 'lab', 'mac', 'mini'], ['cloud', 'desk', 'mac']];

interface MeshView {
  readonly epoch: number;
  readonly from?: readonly string[];
  readonly voters: readonly string[];
  readonly joining: boolean;
}

export async function runChaos(
  { seconds, seed, operations = 0 }: ChaosOptions,
  say: (line: string) => void,
): Promise<ChaosResult> {
  const random = seededRandom(seed);
  await using mesh = await ChaosMesh.create(IDS, LISTS[0] ?? IDS);
  await Promise.all(mesh.hosts.map((host) => host.start()));
  await using client = new Client();
  const recorder = new Recorder();
  const end = new AbortController();
  const views = () =>
    Promise.all(mesh.hosts.map(async (host) => (await client.ask(host, 'GET', '/api/hosts'))?.body.mesh as MeshView));
  await until(async () => (await views()).every((view) => view.epoch > 0), 'the mesh forms');

  const claimants = mesh.hosts.map((host) =>
    claimAndRelease(host, { client, recorder, mesh, signal: end.signal, seed }),
  );
  const tally = new Tally();
  let voters: readonly string[] = LISTS[0] ?? IDS;
  for (const endMs = Date.now() + seconds * 1_000; Date.now() < endMs || recorder.operations < operations; ) {
    await pause(100 + random.next() * 900);
    voters = (await makeTrouble({ mesh, recorder, random, views, tally })) ?? voters;
  }
  const violations: string[] = [];
  await makePeace(mesh, voters, client, views).catch((error: Error) => {
    violations.push(error.message);
  });
  end.abort();
  await Promise.all(claimants);
  violations.push(...(await troublesInPeace(mesh.hosts, client)), ...recorder.violations());
  say(`${recorder.operations} operations under ${JSON.stringify(tally.counts)}`);
  return { operations: recorder.operations, troubles: tally.counts, violations };
}

interface Scene {
  readonly mesh: ChaosMesh;
  readonly recorder: Recorder;
  readonly random: Pick<Random, 'next'>;
  readonly views: () => Promise<readonly MeshView[]>;
  readonly tally: Tally;
}

/** One trouble, by chance. Resolves with the voters that hosts.json names from now on, if that was it. */
async function makeTrouble({ mesh, recorder, random, views, tally }: Scene): Promise<readonly string[] | undefined> {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
  const host = pick(mesh.hosts);
  const chance = random.next();
  if (chance < 0.3) {
    await host.kill();
    mesh.paused.delete(host.id);
    tally.add('killed');
    await pause(random.next() * 500);
    await host.start();
  } else if (chance < 0.45 && mesh.paused.size < 2) {
    mesh.pause(host);
    tally.add('paused');
  } else if (chance < 0.65) {
    mesh.cut(host.id, pick(IDS));
    tally.add('links cut');
  } else if (chance < 0.85) {
    mesh.mend();
    mesh.resume();
  } else if (chance < 0.95) {
    const voters = pick(LISTS);
    tally.add('hosts.json edited');
    for (const { id } of mesh.hosts) {
      mesh.edit(id, voters);
      await pause(random.next() * 100);
    }
    return voters;
  } else if (await isAtRest(mesh, views)) {
    await host.kill();
    recorder.wiped(host.id, performance.now());
    mesh.wipe(host);
    tally.add('disks lost');
    await host.start();
  }
  return undefined;
}

/** Ends every trouble. Rejects when not all hosts are well again in time, with what they show of the mesh. */
async function makePeace(
  mesh: ChaosMesh,
  voters: readonly string[],
  client: Client,
  views: Scene['views'],
): Promise<void> {
  mesh.mend();
  mesh.resume();
  for (const { id } of mesh.hosts) mesh.edit(id, voters);
  const isWell = async () =>
    (await views()).every(
      (view) => view?.from === undefined && !view?.joining && view?.voters.join() === voters.join(),
    ) &&
    (await Promise.all(mesh.hosts.map((host) => client.ask(host, 'GET', '/ready')))).every(
      (ready) => ready?.status === 200,
    );
  await until(isWell, 'every host is ready and in the same epoch').catch(async (error: Error) => {
    throw new Error(`${error.message} ${JSON.stringify(await views())}`, { cause: error });
  });
}

/** One disk may be lost at a time: more is an operator's loss to accept. */
async function isAtRest(mesh: ChaosMesh, views: () => Promise<readonly MeshView[]>): Promise<boolean> {
  if (mesh.paused.size > 0) return false;
  mesh.mend();
  const seen = await views();
  return seen.every(
    (view) =>
      view !== undefined &&
      view.epoch === seen[0]?.epoch &&
      view.from === undefined &&
      !view.joining &&
      view.voters.length >= 3,
  );
}
