// A while of trouble for five real hosts under claims and releases of few addresses: kills, pauses, cut links, edited hosts.json, lost
// disks. What clients were told goes to the checker; in the end everything must be well again, by itself.
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from '../../test/support/live.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import type { HostProcess } from '../host-process.ts';
import { ChaosMesh } from './mesh.ts';
import { Recorder } from './recorder.ts';

export interface ChaosResult {
  /** Claims and releases that clients asked for. */
  readonly operations: number;
  /** What was done to the mesh, by kind. */
  readonly troubles: Readonly<Record<string, number>>;
  /** A sentence each. */
  readonly violations: readonly string[];
}

const IDS = ['cloud', 'desk', 'lab', 'mac', 'mini'];
const LISTS = [['cloud', 'mac', 'mini'], IDS, ['cloud', 'desk', 'lab', 'mac', 'mini'], ['cloud', 'desk', 'mac']];
const ADDRESSES = ['a@x.com', 'b@x.com', 'c@x.com', 'd@x.com', 'e@x.com', 'f@x.com'];
const HEAL_MS_MAX = 60_000;
const POLL_MS = 100;

interface MeshView {
  readonly epoch: number;
  readonly from?: readonly string[];
  readonly voters: readonly string[];
  readonly joining: boolean;
}

export async function runChaos(
  { seconds, seed }: { readonly seconds: number; readonly seed: number },
  say: (line: string) => void,
): Promise<ChaosResult> {
  const random = seededRandom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.next() * items.length)] as Item;
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
  const troubles: Record<string, number> = {};
  const done = (kind: string) => {
    troubles[kind] = (troubles[kind] ?? 0) + 1;
  };
  let voters = LISTS[0] ?? IDS;
  for (const endMs = Date.now() + seconds * 1_000; Date.now() < endMs; ) {
    await pause(100 + random.next() * 900);
    const host = pick(mesh.hosts);
    const chance = random.next();
    if (chance < 0.3) {
      await host.kill();
      mesh.paused.delete(host.id);
      done('killed');
      await pause(random.next() * 500);
      await host.start();
    } else if (chance < 0.45 && mesh.paused.size < 2) {
      mesh.pause(host);
      done('paused');
    } else if (chance < 0.65) {
      mesh.cut(host.id, pick(IDS));
      done('links cut');
    } else if (chance < 0.85) {
      mesh.mend();
      mesh.resume();
    } else if (chance < 0.95) {
      voters = pick(LISTS);
      done('hosts.json edited');
      for (const { id } of mesh.hosts) {
        mesh.edit(id, voters);
        await pause(random.next() * 100);
      }
    } else if (await isAtRest(mesh, views)) {
      await host.kill();
      recorder.wiped(host.id, performance.now());
      mesh.wipe(host);
      done('disks lost');
      await host.start();
    }
  }
  mesh.mend();
  mesh.resume();
  for (const { id } of mesh.hosts) mesh.edit(id, voters);
  const wished = voters;
  const violations: string[] = [];
  const isWell = async () =>
    (await views()).every(
      (view) => view?.from === undefined && !view?.joining && view?.voters.join() === wished.join(),
    ) &&
    (await Promise.all(mesh.hosts.map((host) => client.ask(host, 'GET', '/ready')))).every(
      (ready) => ready?.status === 200,
    );
  await until(isWell, 'every host is ready and in the same epoch').catch(async (error: Error) => {
    violations.push(`${error.message} ${JSON.stringify(await views())}`);
  });
  end.abort();
  await Promise.all(claimants);
  violations.push(...(await troublesInPeace(mesh.hosts, client)), ...recorder.violations());
  say(`${recorder.operations} operations under ${JSON.stringify(troubles)}`);
  return { operations: recorder.operations, troubles, violations };
}

interface Claimant {
  readonly client: Client;
  readonly recorder: Recorder;
  readonly mesh: ChaosMesh;
  readonly signal: AbortSignal;
  readonly seed: number;
}

/** One client of one host, which asks for one thing after the other. */
async function claimAndRelease(host: HostProcess, { client, recorder, mesh, signal, seed }: Claimant): Promise<void> {
  const random = seededRandom(seed + IDS.indexOf(host.id) + 1);
  const held = new Map<string, string>();
  while (!signal.aborted) {
    // A paused host answers nobody, and its client would wait for it.
    if (mesh.paused.has(host.id)) {
      await pause(50);
      continue;
    }
    const address = ADDRESSES[Math.floor(random.next() * ADDRESSES.length)] ?? '';
    const claim = held.get(address);
    const callMs = performance.now();
    if (claim !== undefined) {
      held.delete(address);
      const answer = await client.ask(host, 'DELETE', `/api/agents/me/email/addresses/${encodeURIComponent(address)}`);
      if (answer?.status === 404) continue;
      recorder.released(address, claim, callMs, answer?.status === 200 ? performance.now() : undefined);
      continue;
    }
    const answer = await client.ask(host, 'POST', '/api/agents/me/email/addresses', { address });
    const returnMs = performance.now();
    const named = String(answer?.headers['mesh-claim-id'] ?? '') || undefined;
    if (answer === undefined) recorder.unanswered(host.id, address, callMs);
    else if (answer.status === 404) await client.ask(host, 'POST', '/api/agents', { id: 'me', name: 'me' });
    else if (answer.status === 201 && named !== undefined) {
      held.set(address, named);
      recorder.won(host.id, address, named, callMs, returnMs);
    } else if (answer.status === 200 && named !== undefined) {
      held.set(address, named);
      recorder.saw(host.id, address, named, callMs, returnMs);
    } else if (answer.status === 409 && named !== undefined)
      recorder.lost(address, { claim: named, host: answer.body.claimedBy.hostId }, callMs, returnMs);
    else if (answer.status === 503) recorder.failed(host.id, address, named, callMs);
    else throw new Error(`A claim was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }
}

/** Every address has one owner at most, and every host can claim. */
async function troublesInPeace(hosts: readonly HostProcess[], client: Client): Promise<readonly string[]> {
  const troubles: string[] = [];
  const owners = new Map<string, string[]>();
  for (const host of hosts) {
    const index = (await client.expect(host, 'GET', '/api/agents/email-index')).body as Record<string, unknown>;
    for (const address of Object.keys(index)) owners.set(address, [...(owners.get(address) ?? []), host.id]);
    const agent = {
      name: `fresh-${host.id}`,
      tools: { email: { addresses: [{ address: `fresh-${host.id}@x.com` }] } },
    };
    const answer = await client.expect(host, 'POST', '/api/agents', agent);
    if (answer.status !== 201)
      troubles.push(`A claim of ${host.id} in peace is answered ${answer.status}: ${answer.body.message}`);
  }
  for (const [address, by] of owners) if (by.length > 1) troubles.push(`${address} is owned by ${by.join(' and ')}`);
  return troubles;
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

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = Date.now() + HEAL_MS_MAX; Date.now() < endMs; ) {
    if (await isSo()) return;
    await pause(POLL_MS);
  }
  throw new Error(`It took longer than ${HEAL_MS_MAX / 1_000} s until ${what}.`);
}
