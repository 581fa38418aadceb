// A power cut at every boundary between two commits, and a start from what was durable: agents, index, log and claims must
// tell the same story, and everything that was acknowledged must be in it.

import { describe, expect, it } from 'vitest';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { Random } from '../../../mesh/ports.ts';
import { type ChangeEntry, feedEntryOf, isOwn } from '../../../node/changes/change-log.ts';
import type { Agent } from '../../../node/registry/agent.ts';
import { rowsOf } from '../../../node/registry/index-rows.ts';
import type { Registry } from '../../../node/registry/registry.ts';
import { changesOf } from '../../support/agent-changes.ts';
import { MemoryClaims } from '../../support/memory-claims.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { MAC, type TestRegistry, testRegistry } from '../../support/test-registry.ts';

/** One mutation: resolves with the agent as acknowledged, or `undefined` for a deletion. */
type Step = (registry: Registry) => Promise<{ id: AgentId; agent: Agent | undefined }>;
interface Acknowledged {
  readonly agents: Agent[];
  readonly removed: AgentId[];
}

const IDS = ['a1', 'a2', 'a3'] as AgentId[];
const emailOf = (...addresses: readonly string[]) => ({
  email: { addresses: addresses.map((address) => ({ address })) },
});

const created = (id: AgentId, ...addresses: readonly string[]): Step => {
  return async (registry) => {
    const { agent } = await registry.agents.create({ id, name: `name of ${id}`, tools: emailOf(...addresses) });
    return { id, agent };
  };
};
const patched =
  (id: AgentId, patch: Parameters<Registry['agents']['patch']>[1]): Step =>
  async (registry) => ({ id, agent: (await registry.agents.patch(id, patch)).agent });
const removed =
  (id: AgentId): Step =>
  async (registry) => {
    await registry.agents.remove(id);
    return { id, agent: undefined };
  };
const added =
  (id: AgentId, address: string): Step =>
  async (registry) => ({ id, agent: (await registry.addresses.add(id, { address })).agent });
const changed =
  (id: AgentId, address: string, displayName: string): Step =>
  async (registry) => ({ id, agent: await registry.addresses.patch(id, address, { displayName, primary: true }) });
const dropped =
  (id: AgentId, address: string): Step =>
  async (registry) => ({ id, agent: (await registry.addresses.remove(id, address)).agent });

const [a1, a2, a3] = IDS as [AgentId, AgentId, AgentId];
const SCRIPT: readonly Step[] = [
  created(a1, 'a@x.com', 'b@x.com'),
  created(a2),
  added(a2, 'c@x.com'),
  added(a2, 'd@x.com'),
  changed(a2, 'd@x.com', 'D'),
  patched(a1, { label: 'One', tools: emailOf('b@x.com', 'e@x.com') }),
  added(a2, 'a@x.com'),
  patched(a2, { tools: { email: { enabled: false } } }),
  dropped(a2, 'c@x.com'),
  removed(a1),
  created(a1, 'b@x.com'),
  patched(a2, { name: 'renamed', tools: { email: { enabled: true } } }),
  removed(a2),
  created(a3, 'd@x.com', 'a@x.com'),
];

/** Runs `steps`, `width` at a time, until all are done or the disk is about to make its write number `writes + 1`. */
async function runUntilCrash(steps: readonly Step[], writes: number, width: number) {
  const crash = Promise.withResolvers<void>();
  let left = writes;
  const sync = () => {
    left -= 1;
    if (left >= 0) return Promise.resolve();
    crash.resolve();
    return new Promise<void>(() => {});
  };
  const node = await testRegistry({ store: new MemoryStore({ sync }), claims: claimsWithForeign() });
  const acknowledged: Acknowledged = { agents: [], removed: [] };
  const waiting = [...steps];
  const work = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift()) {
      // A refusal (a name that is taken, an agent that is gone) is an answer too, and changes nothing.
      const done = await step(node.registry).catch((error: { code?: string }) => {
        if (error.code === undefined) throw error;
      });
      if (done?.agent !== undefined) acknowledged.agents.push(done.agent);
      else if (done !== undefined) acknowledged.removed.push(done.id);
    }
  };
  const all = Promise.all(Array.from({ length: width }, work));
  const isCrash = await Promise.race([all.then(() => false), crash.promise.then(() => true)]);
  await node.clock.settle();
  return { node, acknowledged, isCrash };
}

/** Two addresses that are another host's. */
function claimsWithForeign(): MemoryClaims {
  const claims = new MemoryClaims();
  for (const address of ['f0@x.com', 'f1@x.com'] as string[]) {
    const claimId = `foreign ${address}` as ClaimId;
    const owner = { hostId: 'cloud' as HostId, agentId: 'p' as AgentId, agentName: 'puck', claimId, since: '2026' };
    claims.owners.set(address as AddressKey, owner);
  }
  return claims;
}

async function reopened({ store, claims }: TestRegistry, unacknowledged: number): Promise<TestRegistry> {
  const disk = store.crash(unacknowledged);
  return testRegistry({ disk, claims: claims.afterCrash(MAC, disk), seed: 2 });
}

/** Everything that must hold after a start, whatever happened before. */
async function expectOneStory(node: TestRegistry): Promise<readonly ChangeEntry[]> {
  const agents = node.registry.table.list();
  const log = await node.registry.changes.read(0, 10_000);
  expect(log.map((entry) => entry.seq)).toEqual(log.map((_, at) => at + 1));
  expect(node.registry.changes.head).toBe(log.length);
  const told = new Map<string, { sequence: number; last: ChangeEntry }>();
  for (const entry of log) {
    expect(entry.sequence).toBe((told.get(entry.agent.id)?.sequence ?? 0) + 1);
    told.set(entry.agent.id, { sequence: entry.sequence, last: entry });
  }
  const living = [...told].filter(([, { last }]) => last.event !== 'agent.deleted');
  expect(new Set(living.map(([id]) => id))).toEqual(new Set(agents.map((agent) => agent.id)));
  for (const agent of agents) {
    const { last, sequence } = told.get(agent.id) ?? {};
    expect([agent.sequence, agent.name]).toEqual([sequence, last?.agent.name]);
    expect(changesOf(last).current).toEqual(agent.emailEnabled ? agent.addresses.map((entry) => entry.address) : []);
  }
  expectIndexOf(node, agents);
  expectCopyOf(node, log, agents);
  const held = agents.flatMap((agent) => agent.addresses.map(({ key, claimId }) => [key, agent.id, claimId]));
  const claimed = [...node.claims.owners].filter(([, owner]) => owner.hostId === MAC);
  expect(claimed.map(([key, owner]) => [key, owner.agentId, owner.claimId]).sort()).toEqual(held.sort());
  return log;
}

function expectIndexOf(node: TestRegistry, agents: readonly Agent[]): void {
  const shown = JSON.parse(Buffer.from(node.index.bytes().body).toString()) as Record<string, { agentId: string }>;
  const expected = agents.filter((agent) => agent.emailEnabled);
  expect(
    Object.entries(shown)
      .map(([address, { agentId }]) => `${address} ${agentId}`)
      .sort(),
  ).toEqual(expected.flatMap((agent) => agent.addresses.map((entry) => `${entry.address} ${agent.id}`)).sort());
  for (const agent of agents) {
    for (const { key } of agent.addresses) expect(node.registry.table.holderOf(key)).toEqual(agent);
  }
}

/** Whoever follows the rows of the log has the index, and the log's chain and digest say so at each entry. */
function expectCopyOf({ registry }: TestRegistry, log: readonly ChangeEntry[], agents: readonly Agent[]): void {
  const { logId, ownHead } = registry.changes;
  const copy = new Map<string, IndexRow>();
  let [chain, digest] = [firstChain(logId), EMPTY_DIGEST];
  for (const [at, entry] of log.entries()) {
    if (!isOwn(entry)) throw new Error('This host hears of nobody.');
    const { put = [], drop = [] } = entry.rows ?? {};
    for (const key of drop) expect(copy.delete(key)).toBe(true);
    for (const row of put) copy.set(row.key, row);
    chain = nextChain(chain, feedEntryOf(entry));
    digest = changedDigest(EMPTY_DIGEST, [], copy.values());
    expect(entry).toMatchObject({ place: { logId, n: at + 1 }, chain, digest });
  }
  expect(ownHead).toMatchObject({ logId, n: log.length, chain, digest });
  const shown = agents.flatMap(rowsOf);
  expect(new Set(copy.values())).toEqual(new Set(shown));
}

function expectAcknowledged(node: TestRegistry, log: readonly ChangeEntry[], { agents, removed }: Acknowledged): void {
  const living = new Map(node.registry.table.list().map((agent) => [agent.id, agent]));
  const durable = new Set(log.map((entry) => `${entry.agent.id} ${entry.sequence}`));
  for (const agent of agents) {
    expect(durable).toContain(`${agent.id} ${agent.sequence}`);
    const now = living.get(agent.id);
    if (now?.sequence === agent.sequence) expect(now).toEqual(agent);
  }
  for (const id of IDS) {
    const deletions = log.filter((entry) => entry.agent.id === id && entry.event === 'agent.deleted');
    expect(deletions.length).toBeGreaterThanOrEqual(removed.filter((one) => one === id).length);
  }
}

describe('a scripted sequence of mutations', () => {
  it('is whole up to the last commit that was durable, at every one of them', async () => {
    let runs = 0;
    for (let isCrash = true; isCrash; runs += 1) {
      const run = await runUntilCrash(SCRIPT, runs, 1);
      isCrash = run.isCrash;
      for (const reached of isCrash ? [0, 1] : [0]) {
        const again = await reopened(run.node, reached);
        const log = await expectOneStory(again);
        expectAcknowledged(again, log, run.acknowledged);
        // Nothing but what was durable was ever shown by the host that crashed.
        if (reached === 0) expect(again.registry.table.list()).toEqual(inOrder(run.node.registry.table.list()));
      }
    }
    // Every step is one commit; the last run was not cut short.
    expect(runs).toBe(SCRIPT.length + 1);
  });
});

describe('random mutations, several at a time', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are whole at every commit, seed %i', async (seed) => {
    const random = seededRandom(seed);
    const steps = Array.from({ length: 40 }, () => randomStep(random));
    let crashes = 0;
    for (let isCrash = true; isCrash; crashes += 1) {
      const run = await runUntilCrash(steps, crashes, 4);
      isCrash = run.isCrash;
      for (let reached = 0; reached <= run.node.store.pending; reached += 1) {
        const again = await reopened(run.node, reached);
        expectAcknowledged(again, await expectOneStory(again), run.acknowledged);
      }
    }
    expect(crashes).toBeGreaterThan(5);
  });
});

/** The order in which a registry that starts lists its agents. */
function inOrder(agents: readonly Agent[]): readonly Agent[] {
  return agents.toSorted((one, other) => (one.createdAt + one.id < other.createdAt + other.id ? -1 : 1));
}

function randomStep(random: Random): Step {
  const pick = <T>(of: readonly T[]) => of[Math.floor(random.next() * of.length)] as T;
  const id = pick(IDS);
  const address = () => pick(['a@x.com', 'b@x.com', 'c@x.com', 'd@x.com', 'e@x.com', 'f0@x.com']);
  const list = [...new Set(Array.from({ length: Math.floor(random.next() * 3) }, address))];
  return pick([
    () => created(id, ...list),
    () => created(id, ...list),
    () => added(id, address()),
    () => added(id, address()),
    () => changed(id, address(), `name ${random.next()}`),
    () => dropped(id, address()),
    () => patched(id, { tools: emailOf(...list) }),
    () => patched(id, { tools: { email: { enabled: random.next() < 0.6 } }, label: `label ${random.next()}` }),
    () => removed(id),
  ])();
}
