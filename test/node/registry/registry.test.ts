import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId } from '../../../mesh/names.ts';
import type { MemoryDisk } from '../../support/memory-store.ts';
import { testRegistry } from '../../support/test-registry.ts';

const email = (...addresses: readonly string[]) => ({
  tools: { email: { addresses: addresses.map((address) => ({ address })) } },
});

/** What is on disk after two agents were made, `a1` with two addresses and `a2` with one. */
async function twoAgents() {
  const node = await testRegistry();
  await node.registry.agents.create({ name: 'titania', id: 'a1' as AgentId, ...email('a@x.com', 'b@x.com') });
  await node.clock.advance(1_000);
  await node.registry.agents.create({ name: 'puck', id: 'a2' as AgentId, label: 'Puck', ...email('c@x.com') });
  return node;
}

function changed(disk: MemoryDisk, key: string, change: (record: Record<string, unknown>) => unknown): MemoryDisk {
  const record = JSON.parse(disk.get(key) ?? 'null') as Record<string, unknown>;
  return new Map(disk).set(key, JSON.stringify(change(record)));
}

/** Members of one stored address, in place of those it has. */
const at = (index: number, members: object) => (record: Record<string, unknown>) => {
  const addresses = record.addresses as object[];
  return {
    ...record,
    addresses: addresses.map((entry, place) => (place === index ? { ...entry, ...members } : entry)),
  };
};

describe('a registry that starts again', () => {
  it('has every agent as it was, oldest first, and the index with them', async () => {
    const before = await twoAgents();
    const after = await testRegistry({ disk: before.store.snapshot() });
    expect(after.registry.table.list()).toEqual(before.registry.table.list());
    expect(after.registry.table.holderOf('b@x.com' as AddressKey)).toEqual(before.registry.table.get('a1' as AgentId));
    expect(Buffer.from(after.index.bytes().body)).toEqual(Buffer.from(before.index.bytes().body));
    expect(await after.registry.changes.read(0, 100)).toEqual(await before.registry.changes.read(0, 100));
  });

  it('still knows names, addresses and the bodies that agents were made from', async () => {
    const before = await twoAgents();
    const { registry, claims } = await testRegistry({ disk: before.store.snapshot() });
    await expect(registry.agents.create({ name: 'PUCK' })).rejects.toMatchObject({ code: 'name_taken' });
    await expect(registry.agents.create({ name: 'x', ...email('A@x.com') })).rejects.toMatchObject({
      code: 'conflict',
    });
    const again = { name: 'titania', id: 'a1' as AgentId, ...email('a@x.com', 'b@x.com') };
    expect(await registry.agents.create(again)).toMatchObject({ isNew: false });
    expect(claims.asked).toEqual([]);
  });

  it('goes on counting, also for an agent that was deleted before', async () => {
    const before = await twoAgents();
    await before.registry.agents.remove('a1' as AgentId);
    const { registry } = await testRegistry({ disk: before.store.snapshot(), claims: before.claims });
    await registry.agents.create({ name: 'titania', id: 'a1' as AgentId });
    const [entry] = await registry.changes.read(6, 10);
    expect(entry).toMatchObject({ seq: 7, sequence: 5, event: 'agent.created' });
  });

  it('keeps nothing of a deleted agent once it was made again', async () => {
    const { registry, store } = await twoAgents();
    const keys = () => [...store.snapshot().keys()].filter((key) => key.startsWith('agent'));
    await registry.agents.remove('a1' as AgentId);
    expect(keys().sort()).toEqual(['agent-gone/a1', 'agent/a2']);
    await registry.agents.create({ name: 'titania', id: 'a1' as AgentId });
    expect(keys().sort()).toEqual(['agent/a1', 'agent/a2']);
  });
});

describe('what a start leaves as it is', () => {
  it('is a name that could not be given today: it is reported, and its agent goes on', async () => {
    const before = await twoAgents();
    const disk = changed(before.store.snapshot(), 'agent/a1', (record) => ({ ...record, name: 'my agent' }));
    const { registry, log } = await testRegistry({ disk });
    expect(log.named('agents.names_kept')).toMatchObject([{ fields: { agents: [{ id: 'a1', name: 'my agent' }] } }]);
    const { agent } = await registry.agents.patch('a1' as AgentId, { label: 'still here' });
    expect([agent.name, agent.label]).toEqual(['my agent', 'still here']);
  });

  it('is an address that today’s settings would refuse: it can still be read and given up', async () => {
    const before = await twoAgents();
    const disk = changed(before.store.snapshot(), 'agent/a1', at(1, { address: 'b@intranet', key: 'b@intranet' }));
    const { registry } = await testRegistry({ disk });
    expect(registry.addresses.get('a1' as AgentId, 'b@intranet').primary).toBe(false);
    const { agent } = await registry.addresses.remove('a1' as AgentId, 'b@intranet');
    expect(agent.addresses.map((entry) => entry.address)).toEqual(['a@x.com']);
  });

  it('is an agent whose id chance hands out a second time: no other is taken for it', async () => {
    // Both go on with a log that has its id already, so that chance makes the agents' ids first.
    const begun = await testRegistry();
    await begun.registry.agents.remove((await begun.registry.agents.create({ name: 'gone' })).agent.id);
    const first = await testRegistry({ seed: 7, disk: begun.store.snapshot() });
    const { agent } = await first.registry.agents.create({ name: 'titania' });
    const again = await testRegistry({ seed: 7, disk: first.store.snapshot() });
    await expect(again.registry.agents.create({ name: 'puck' })).rejects.toMatchObject({ code: 'id_taken' });
    expect(again.registry.table.list()).toEqual([agent]);
  });
});

describe('a stored agent that is not what it should be', () => {
  it.each([
    ['no object', () => [1]],
    ["'id'", (record: object) => ({ ...record, id: 'a3' })],
    ["'name'", (record: object) => ({ ...record, name: 7 })],
    ["'createdAt'", (record: object) => ({ ...record, createdAt: undefined })],
    ["'label'", (record: object) => ({ ...record, label: 7 })],
    ["'emailEnabled'", (record: object) => ({ ...record, emailEnabled: 'yes' })],
    ["'sequence'", (record: object) => ({ ...record, sequence: -1 })],
    ["'createdFrom'", (record: object) => ({ ...record, createdFrom: 1 })],
    ["'addresses'", (record: object) => ({ ...record, addresses: {} })],
    ["'addresses[1]'", at(1, { claimId: undefined })],
    ["'addresses[0]'", at(0, { key: '' })],
    ["'addresses[1].displayName'", at(1, { displayName: 1 })],
    ["'addresses[1].metadata'", at(1, { metadata: { a: 1 } })],
    ['2 of its addresses are primary', at(1, { primary: true })],
    ['0 of its addresses are primary', at(0, { primary: false })],
    ["holds 'c@x.com' too", at(1, { address: 'c@x.com', key: 'c@x.com' })],
    ["agent 'a2' has the same name", (record: object) => ({ ...record, name: 'PUCK' })],
  ])('stops the start with a sentence: %s', async (why, change) => {
    const { store } = await twoAgents();
    // Of two agents that contradict each other the younger is named: let that be a1.
    const young = changed(store.snapshot(), 'agent/a1', (record) => ({
      ...record,
      createdAt: '2026-02-01T00:00:00.000Z',
    }));
    const start = testRegistry({ disk: changed(young, 'agent/a1', change) });
    const fault = why === 'no object' ? 'not an object' : why;
    const sentence = /^The stored record 'agent\/a[12]' is damaged: .*start with an empty one/;
    await expect(start).rejects.toMatchObject({ code: 'store_failed', message: expect.stringMatching(sentence) });
    await expect(start).rejects.toThrow(fault);
  });

  it('stops the start when the data directory is another host’s', async () => {
    const { store } = await twoAgents();
    const disk = changed(store.snapshot(), 'agent/a2', (record) => ({ ...record, hostId: 'cloud' }));
    await expect(testRegistry({ disk })).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringMatching(/host 'cloud', but this host is 'mac'/),
    });
  });

  it('stops the creation when what was kept of a deleted agent is damaged', async () => {
    const before = await twoAgents();
    await before.registry.agents.remove('a1' as AgentId);
    const disk = changed(before.store.snapshot(), 'agent-gone/a1', () => ({ sequence: 'many' }));
    const { registry } = await testRegistry({ disk });
    await expect(registry.agents.create({ name: 'x', id: 'a1' as AgentId })).rejects.toMatchObject({
      code: 'store_failed',
    });
  });
});
