// Clients of real hosts in trouble: each claims and releases few addresses at one host, and what it was told is recorded.
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '../../test/support/live.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import type { HostProcess } from '../host-process.ts';
import type { ChaosMesh } from './mesh.ts';
import type { Recorder } from './recorder.ts';

export interface ChaosOptions {
  /** Trouble lasts so long, and then until clients have asked for `operations`, if it is to be as many. */
  readonly seconds: number;
  readonly operations?: number;
  readonly seed: number;
}

export interface ChaosResult {
  /** Claims and releases that clients asked for. */
  readonly operations: number;
  /** What was done to the mesh, by kind. */
  readonly troubles: Readonly<Record<string, number>>;
  /** A sentence each. */
  readonly violations: readonly string[];
}

/** How often what was done to the mesh. */
export class Tally {
  readonly counts: Record<string, number> = {};

  add(kind: string): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
  }
}

export const IDS = ['cloud', 'desk', 'lab', 'mac', 'mini'];
export const ADDRESSES = ['a@x.com', 'b@x.com', 'c@x.com', 'd@x.com', 'e@x.com', 'f@x.com'];
/** Until hosts have formed a mesh, or are well again, on a busy machine. */
const HEAL_MS_MAX = 120_000;
const POLL_MS = 100;

export interface Claimant {
  readonly client: Client;
  readonly recorder: Recorder;
  readonly mesh: ChaosMesh;
  readonly signal: AbortSignal;
  readonly seed: number;
}

/** One client of one host, which asks for one thing after the other. */
export async function claimAndRelease(
  host: HostProcess,
  { client, recorder, mesh, signal, seed }: Claimant,
): Promise<void> {
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
export async function troublesInPeace(hosts: readonly HostProcess[], client: Client): Promise<readonly string[]> {
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

/** Rejects with a sentence when it takes too long. */
export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  for (const endMs = Date.now() + HEAL_MS_MAX; Date.now() < endMs; ) {
    if (await isSo()) return;
    await pause(POLL_MS);
  }
  throw new Error(`It took longer than ${HEAL_MS_MAX / 1_000} s until ${what}.`);
}
