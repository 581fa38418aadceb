// Stored agents as they come back: a record that is not what it says ends the start, and none is passed over.
import { describe, expect, it } from 'vitest';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import type { Agent } from '../../../node/registry/agent.ts';
import {
  goneAgent,
  loadAgents,
  loadGone,
  loadSequences,
  removingWrites,
  savingWrites,
} from '../../../node/registry/agent-records.ts';
import { agentOf } from '../../support/agent-of.ts';
import { MemoryStore } from '../../support/memory-store.ts';

const MAC = 'mac' as HostId;
const A1 = 'a1' as AgentId;
const disk = (records: Readonly<Record<string, unknown>>) =>
  new MemoryStore({ disk: new Map(Object.entries(records).map(([key, value]) => [key, JSON.stringify(value)])) });

const whole = agentOf('puck', ['a@x.com', 'b@x.com'], { id: A1 });
const [first, second] = whole.addresses;

describe('a stored agent', () => {
  it('comes back as it was, the oldest first', async () => {
    const older = agentOf('oberon', [], { id: 'a2' as AgentId, createdAt: '2026-01-26T12:00:00.000Z' });
    const arrived: Agent[] = [];
    const { agents } = await loadAgents(disk({ 'agent/a1': whole, 'agent/a2': older }), MAC, (agent) =>
      arrived.push(agent.read()),
    );
    expect(agents.map((agent) => agent.read())).toEqual([older, whole]);
    expect(arrived).toEqual([whole, older]);
  });

  it.each<[string, object]>([
    ["its 'id' is not the one in its key", { ...whole, id: 'a2' }],
    ["its 'name' is not a text", { ...whole, name: '' }],
    ["its 'hostId' is not a text", { ...whole, hostId: 5 }],
    ["its 'createdAt' is not a text", { ...whole, createdAt: undefined }],
    ["its 'updatedAt' is not a text", { ...whole, updatedAt: null }],
    ["its 'label' is neither a text nor null", { ...whole, label: 5 }],
    ["its 'emailEnabled' is not true or false", { ...whole, emailEnabled: 'true' }],
    ["its 'sequence' is not a whole number", { ...whole, sequence: -1 }],
    ["its 'metadata' is not a map of texts", { ...whole, metadata: { a: 1 } }],
    ["its 'createdFrom' is not a text", { ...whole, createdFrom: 7 }],
    ["its 'addresses' is not a list", { ...whole, addresses: {} }],
    ["its 'addresses[1]' is not an object", { ...whole, addresses: [first, 'b@x.com'] }],
    ["its 'addresses[1]' lacks", { ...whole, addresses: [first, { ...second, claimId: '' }] }],
    ["its 'addresses[1]' lacks", { ...whole, addresses: [first, { ...second, primary: undefined }] }],
    ["its 'addresses[0].displayName' is not a text", { ...whole, addresses: [{ ...first, displayName: 5 }] }],
    ["its 'addresses[0].metadata' is not a map of texts", { ...whole, addresses: [{ ...first, metadata: [] }] }],
    ['2 of its addresses are primary, not 1', { ...whole, addresses: [first, { ...second, primary: true }] }],
    ['0 of its addresses are primary, not 1', { ...whole, addresses: [second] }],
  ])('of which %s ends the start', async (why, record) => {
    await expect(loadAgents(disk({ 'agent/a1': record }), MAC)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining(why),
    });
  });

  it('that is not JSON ends the start', async () => {
    const store = new MemoryStore({ disk: new Map([['agent/a1', `${JSON.stringify(whole)}]`]]) });
    await expect(loadAgents(store, MAC)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining("record 'agent/a1' is damaged: it is not JSON"),
    });
  });

  it('of another host ends the start, with the host to start as', async () => {
    await expect(loadAgents(disk({ 'agent/a1': whole }), 'cloud' as HostId)).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining("Start it as 'mac'"),
    });
  });

  it('that is made again has no record of the one that is gone', () => {
    expect(savingWrites(whole, true)).toContainEqual({ key: 'agent-gone/a1', value: undefined });
    expect(savingWrites(whole, false)).toEqual([{ key: 'agent/a1', value: whole }]);
  });
});

describe('an agent that is gone', () => {
  it('is remembered by its last sequence', async () => {
    const store = new MemoryStore();
    await store.commit(removingWrites(A1, { sequence: 7, at: '2026-01-27T12:00:00.000Z' }));
    expect(await goneAgent(store, A1)).toEqual({ sequence: 7, at: '2026-01-27T12:00:00.000Z' });
    expect(await goneAgent(store, 'a2' as AgentId)).toBeUndefined();
  });

  it('is remembered without a time, as versions before had it', async () => {
    const pages = [];
    for await (const page of loadGone(disk({ 'agent-gone/a1': { sequence: 3 } }))) pages.push(...page);
    expect(pages).toEqual([{ id: 'a1', gone: { sequence: 3 } }]);
  });

  it.each([{ sequence: 1.5 }, { sequence: 1, at: 'yesterday' }, { sequence: 1, at: '' }, [], 'gone'])(
    'is not remembered as %j',
    async (value) => {
      await expect(goneAgent(disk({ 'agent-gone/a1': value }), A1)).rejects.toMatchObject({ code: 'store_failed' });
    },
  );

  it('keeps the later of two sequences that a version before left', async () => {
    const store = disk({
      'agent-sequence/a1': { sequence: 9 },
      'agent-gone/a1': { sequence: 4, at: '2026-01-27T12:00:00.000Z' },
    });
    expect(await loadSequences(store, () => false)).toEqual(new Map());
    expect(await goneAgent(store, A1)).toEqual({ sequence: 9, at: '2026-01-27T12:00:00.000Z' });
    expect(await store.get('agent-sequence/a1')).toBeUndefined();
  });

  it('does not count with those that are there', async () => {
    const store = disk({ 'agent-sequence/a1': { sequence: 9 }, 'agent-sequence/a2': { sequence: 2 } });
    expect(await loadSequences(store, (id) => id === A1)).toEqual(new Map([['a1', 9]]));
    await expect(loadSequences(disk({ 'agent-sequence/a1': 9 }), () => true)).rejects.toMatchObject({
      code: 'store_failed',
    });
  });
});
