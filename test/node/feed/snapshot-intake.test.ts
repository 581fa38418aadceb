// A snapshot is taken in, and a host is let go of, in parts: the node may stop after each of them.
import { beforeEach, describe, expect, it } from 'vitest';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import type { SnapshotAgent } from '../../../mesh/feed/messages.ts';
import type { AddressKey, AgentId, EmailAddress } from '../../../mesh/names.ts';
import { type ChangeEntry, isHeard } from '../../../node/changes/change-log.ts';
import { RESYNC_ENTRIES_PER_COMMIT } from '../../../node/feed/announcement.ts';
import { announceGone } from '../../../node/feed/departure.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { takeSnapshot } from '../../../node/feed/snapshot-intake.ts';
import { agentText, type ToldAgents } from '../../support/feed-truth.ts';
import { openTestLog } from '../../support/log-entries.ts';
import { type MemoryDisk, MemoryStore } from '../../support/memory-store.ts';
import { testKeys } from '../../support/test-keys.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const { mac } = testKeys('mac');
const never = new AbortController().signal;
const READ_MAX = 100_000;

function headAt(n: number): SignedHead {
  const place = { logId: '0'.repeat(32), n };
  return signHead({ hostId: mac.id, ...place, chain: EMPTY_DIGEST, digest: EMPTY_DIGEST, at: '' }, mac.signer);
}

function agent(name: string, ...addresses: readonly string[]): SnapshotAgent {
  const [agentId, agentName] = [name as AgentId, name];
  const rows = addresses.map((address) => ({
    ...{ address: address as EmailAddress, key: address as AddressKey, agentId, agentName },
    ...{ hostId: mac.id, primary: true },
  }));
  return { id: agentId, name, sequence: 1, rows };
}

/** `from` up to, and without, `to`. */
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);
const address = (at: number) => `a${at}@x.test`;

async function open(disk?: MemoryDisk) {
  const clock = new VirtualClock();
  const store = new MemoryStore(disk === undefined ? {} : { disk });
  const { changes } = await openTestLog({ store, clock });
  const copies = await HostCopies.open(store, clock);
  const ports = { copies, changes, clock };
  const take = (n: number, agents: readonly SnapshotAgent[]) =>
    takeSnapshot(ports, { kind: 'snapshot', agents, head: headAt(n) }, never);
  const disks: MemoryDisk[] = [];
  changes.subscribe(() => disks.push(store.snapshot()));
  const told = () => changes.read(0, READ_MAX);
  const shown = () => [...copies.copy.ofHost(mac.id)].map((row) => `${row.address} ${row.agentId}`).sort();
  return { store, changes, copies, take, letGo: () => announceGone(ports, mac.id, never), disks, told, shown };
}

/** What somebody knows who read all of that: of each agent its name and addresses. */
function known(entries: readonly ChangeEntry[]): ToldAgents {
  const agents = new Map<AgentId, string>();
  for (const { event, agent: of, changes } of entries.filter(isHeard)) {
    if (event === 'agent.deleted') agents.delete(of.id);
    else agents.set(of.id, agentText(of.name, changes.current));
  }
  return agents;
}

function idsOf(entries: readonly ChangeEntry[]): readonly string[] {
  return entries.map(({ id }) => id);
}

describe('a snapshot', () => {
  const perKind = RESYNC_ENTRIES_PER_COMMIT * 0.6;
  const before = [
    // Addresses that go round among some agents, agents that go, and agents that stay as they are.
    ...numbers(0, perKind).map((at) => agent(`round${at}`, address(at))),
    ...numbers(perKind, 2 * perKind).map((at) => agent(`gone${at}`, address(at))),
    ...numbers(2 * perKind, 3 * perKind).map((at) => agent(`stays${at}`, address(at))),
  ];
  const after = [
    ...numbers(0, perKind).map((at) => agent(`round${at}`, address((at + 1) % perKind))),
    ...numbers(2 * perKind, 3 * perKind).map((at) => agent(`stays${at}`, address(at))),
    ...numbers(perKind, 2 * perKind).map((at) => agent(`new${at}`, address(at))),
    agent('titania'),
  ];
  const shownAfter = after.flatMap(({ id, rows }) => rows.map((row) => `${row.address} ${id}`)).sort();
  const knownAfter = new Map(
    after.map(({ id, name, rows }) => [
      id,
      agentText(
        name,
        rows.map((row) => row.address),
      ),
    ]),
  );
  let node: Awaited<ReturnType<typeof open>>;

  beforeEach(async () => {
    node = await open();
    await node.take(1, before);
    node.disks.length = 0;
  });

  it('is told of in parts, of agents that changed', async () => {
    const from = node.changes.head;
    await node.take(2, after);
    expect(node.shown()).toEqual(shownAfter);
    const told = await node.told();
    expect(known(told)).toEqual(knownAfter);
    expect(told.slice(from).some(({ agent: { name } }) => name.startsWith('stays'))).toBe(false);
    expect(node.disks.length).toBeGreaterThan(4);
  });

  it('is told of to its end, and nothing of it twice, after a crash at any of its commits', async () => {
    await node.take(2, after);
    const disks = [...node.disks];
    for (const [at, disk] of disks.entries()) {
      const again = await open(disk);
      if (at < disks.length - 1) {
        expect(again.copies.head(mac.id)).toBeUndefined();
        await again.take(2, after);
      }
      const told = await again.told();
      expect([again.shown(), known(told)]).toEqual([shownAfter, knownAfter]);
      expect(new Set(idsOf(told)).size).toBe(told.length);
      expect(again.copies.head(mac.id)).toEqual(headAt(2));
    }
  });

  it('ends between two parts when its node stops', async () => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    node.changes.subscribe(() => stop.abort());
    const ports = { copies: node.copies, changes: node.changes, clock };
    await takeSnapshot(ports, { kind: 'snapshot', agents: after, head: headAt(2) }, stop.signal);
    expect([node.disks.length, node.copies.head(mac.id)]).toEqual([1, undefined]);
  });
});

describe('the end of a host', () => {
  const agents = numbers(0, RESYNC_ENTRIES_PER_COMMIT).map((at) => agent(`agent${at}`, address(at)));

  it('is told of under the same ids, and to the end, after a crash at any of its commits', async () => {
    const node = await open();
    await node.take(7, [...agents, agent('titania')]);
    node.disks.length = 0;
    await node.letGo();
    const ids = idsOf(await node.told());
    expect(node.disks.length).toBeGreaterThan(2);
    for (const disk of [...node.disks]) {
      const again = await open(disk);
      if (again.copies.hosts().has(mac.id)) await again.letGo();
      const told = await again.told();
      expect([again.shown(), known(told).size, idsOf(told)]).toEqual([[], 0, ids]);
      expect([...again.copies.hosts()]).toEqual([]);
      expect([...again.store.snapshot().keys()].filter((key) => key.startsWith('feed/'))).toEqual([
        `feed/left/${mac.id}`,
      ]);
    }
  });

  it('is told at its place also when the host is gone while its snapshot is taken in', async () => {
    const node = await open();
    await node.take(1, []);
    await node.take(7, agents);
    const [, disk] = node.disks;
    const half = await open(disk);
    expect([half.copies.head(mac.id), half.copies.copy.sizeOf(mac.id) > 0]).toEqual([undefined, true]);
    await half.letGo();
    const last = (await half.told()).filter(isHeard).at(-1);
    expect(last).toMatchObject({ event: 'agent.deleted', origin: { logId: '0'.repeat(32), n: 7 } });
  });
});
