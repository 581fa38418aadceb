import { describe, expect, it } from 'vitest';
import type { AddressKey } from '../../../mesh/names.ts';
import { changesOf } from '../../support/agent-changes.ts';
import { agentOf, call, testRegistry } from '../../support/test-registry.ts';
import { create, eventsSince, givenAway, patch, titania } from '../../support/titania.ts';

describe('PATCH /api/agents/:id', () => {
  async function withTitania() {
    const node = await testRegistry();
    await create(node, { id: 'a1', ...titania });
    await node.clock.advance(1_000);
    return node;
  }

  it('changes the label and nothing else', async () => {
    const node = await withTitania();
    const before = agentOf(await call(node.app, 'GET', '/api/agents/a1'));
    const after = agentOf(await patch(node, 'a1', { label: null }));
    expect(after).toEqual({ ...before, label: null, updatedAt: '2026-01-27T12:00:01.000Z' });
    expect(await eventsSince(node, 2)).toEqual(['agent.updated label']);
  });

  it('keeps metadata beside the agent, merges it, and tells of it', async () => {
    const node = await withTitania();
    const program = { program: 'claude', taskDescription: 'x'.repeat(3_000) };
    const twin = await create(node, { id: 'a2', name: 'puck', metadata: program });
    expect(agentOf(twin).metadata).toEqual(program);
    expect((await create(node, { id: 'a2', name: 'puck', metadata: program })).status).toBe(200);
    expect((await create(node, { id: 'a2', name: 'puck' })).status).toBe(409);
    expect(agentOf(await patch(node, 'a1', { metadata: program })).metadata).toEqual(program);
    const after = await patch(node, 'a1', { metadata: { taskDescription: null, model: 'opus' } });
    expect(agentOf(after).metadata).toEqual({ program: 'claude', model: 'opus' });
    expect(await eventsSince(node, 3)).toEqual(['agent.updated metadata', 'agent.updated metadata']);
    const tooMuch = await patch(node, 'a1', { metadata: { taskDescription: 'x'.repeat(4_096) } });
    expect(tooMuch.body).toMatchObject({ error: 'invalid_request', field: 'metadata' });
    const gone = agentOf(await patch(node, 'a1', { metadata: null }));
    expect(gone).not.toHaveProperty('metadata');
  });

  it('leaves metadata out of what other hosts are told', async () => {
    const node = await withTitania();
    await patch(node, 'a1', { metadata: { program: 'claude' } });
    expect(JSON.stringify(await node.registry.changes.read(2, 10))).not.toContain('claude');
    const again = await testRegistry({ disk: node.store.snapshot() });
    expect(agentOf(await call(again.app, 'GET', '/api/agents/a1')).metadata).toEqual({ program: 'claude' });
  });

  it('takes application/merge-patch+json', async () => {
    const node = await withTitania();
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    const response = await node.app.request('/api/agents/a1', { method: 'PATCH', headers, body: '{"label":"Queen"}' });
    expect(await response.json()).toMatchObject({ agent: { label: 'Queen' } });
  });

  it('renames: the new name is taken from then on, the old one free', async () => {
    const node = await withTitania();
    await create(node, { name: 'puck' });
    expect((await patch(node, 'a1', { name: 'Puck' })).body).toMatchObject({ error: 'name_taken' });
    expect((await patch(node, 'a1', { name: 'oberon' })).status).toBe(200);
    expect((await patch(node, 'a1', { name: 'OBERON' })).status).toBe(200);
    expect((await create(node, { name: 'oberon' })).status).toBe(409);
    expect((await create(node, { name: titania.name })).status).toBe(201);
    expect(await eventsSince(node, 3)).toEqual(['agent.updated name', 'agent.updated name', 'agent.created']);
  });

  it('replaces the list of addresses: claims what is new, releases what is gone', async () => {
    const node = await withTitania();
    const addresses = [{ address: 'new@x.com' }, { address: 'titania@23blocks.example.com', displayName: 'T' }];
    const answer = await patch(node, 'a1', { tools: { email: { addresses } } });
    expect(agentOf(answer).tools.email.addresses).toEqual([
      { address: 'new@x.com', primary: false },
      { address: 'titania@23blocks.example.com', primary: true, displayName: 'T' },
    ]);
    expect([...node.claims.owners.keys()].sort()).toEqual(['new@x.com', 'titania@23blocks.example.com']);
    const [email, updated] = await node.registry.changes.read(2, 10);
    const changes = {
      added: ['new@x.com'],
      removed: ['iac@tool.example.com'],
      modified: ['titania@23blocks.example.com'],
      current: ['new@x.com', 'titania@23blocks.example.com'],
    };
    expect(email).toMatchObject({ event: 'agent.email.changed', changes, sequence: 3 });
    expect(updated).toMatchObject({ event: 'agent.updated', changes: { ...changes, fields: ['tools.email'] } });
  });

  it('changes nothing when one of the new addresses is another’s', async () => {
    const node = await withTitania();
    const before = await call(node.app, 'GET', '/api/agents/a1');
    givenAway(node, 'theirs@x.com');
    const addresses = [{ address: 'new@x.com' }, { address: 'theirs@x.com' }];
    const answer = await patch(node, 'a1', { label: 'Queen', tools: { email: { addresses } } });
    expect(answer).toMatchObject({ status: 409, body: { claimedBy: { agentName: 'puck', hostId: 'cloud' } } });
    expect((await call(node.app, 'GET', '/api/agents/a1')).body).toEqual(before.body);
    expect([node.claims.owners.has('new@x.com' as AddressKey), node.registry.changes.head]).toEqual([false, 2]);
  });

  it('disables and enables: the index shows no address, the claims stay', async () => {
    const node = await withTitania();
    const off = agentOf(await patch(node, 'a1', { tools: { email: { enabled: false } } }));
    expect([off.tools.email.enabled, off.tools.email.addresses.length, node.claims.owners.size]).toEqual([false, 2, 2]);
    await patch(node, 'a1', { tools: { email: { enabled: true } } });
    const all = ['titania@23blocks.example.com', 'iac@tool.example.com'];
    expect((await node.registry.changes.read(2, 10)).map((entry) => [entry.event, changesOf(entry)])).toEqual([
      ['agent.email.changed', { added: [], removed: all, modified: [], current: [] }],
      ['agent.updated', { added: [], removed: all, modified: [], current: [], fields: ['tools.email'] }],
      ['agent.email.changed', { added: all, removed: [], modified: [], current: all }],
      ['agent.updated', { added: all, removed: [], modified: [], current: all, fields: ['tools.email'] }],
    ]);
  });

  it.each([
    ['tools null', { tools: null }],
    ['tools.email null', { tools: { email: null } }],
    ['addresses null', { tools: { email: { addresses: null } } }],
    ['an empty list', { tools: { email: { addresses: [] } } }],
  ])('removes every address on %s', async (_, body) => {
    const node = await withTitania();
    expect(agentOf(await patch(node, 'a1', body)).tools.email).toEqual({ enabled: true, addresses: [] });
    expect(node.claims.owners.size).toBe(0);
  });

  it.each([
    ['addresses null leaves enabled alone', { email: { addresses: null } }, { enabled: false, addresses: 0 }],
    ['enabled null is enabled', { email: { enabled: null } }, { enabled: true, addresses: 2 }],
    ['email null is enabled', { email: null }, { enabled: true, addresses: 0 }],
    ['tools null is enabled', null, { enabled: true, addresses: 0 }],
  ])('gives what is removed its default again: %s', async (_, tools, expected) => {
    const node = await withTitania();
    await patch(node, 'a1', { tools: { email: { enabled: false } } });
    const { enabled, addresses } = agentOf(await patch(node, 'a1', { tools })).tools.email;
    expect({ enabled, addresses: addresses.length }).toEqual(expected);
  });

  it.each([
    ['nothing', {}],
    ['what it is already', { name: '23blocks-iac', label: 'Titania', tools: { email: { enabled: true } } }],
    ['its own addresses', titania],
  ])('emits nothing and keeps updatedAt when it says %s', async (_, body) => {
    const node = await withTitania();
    const before = await call(node.app, 'GET', '/api/agents/a1');
    expect((await patch(node, 'a1', body)).body).toEqual(before.body);
    expect([node.registry.changes.head, node.claims.asked.length]).toEqual([2, 1]);
  });

  it('answers 200 and lists what the voters have not released yet', async () => {
    const node = await withTitania();
    node.claims.releases = 'pending';
    const answer = await patch(node, 'a1', { tools: { email: null } });
    expect(answer).toMatchObject({
      status: 200,
      body: { releasing: ['titania@23blocks.example.com', 'iac@tool.example.com'] },
    });
  });

  it.each([
    ['id', { id: 'a1' }],
    ['hostId', { hostId: 'mac' }],
  ])('answers 400 for %s, saying that it cannot change', async (field, body) => {
    const answer = await patch(await withTitania(), 'a1', body);
    expect(answer).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', field, message: expect.stringContaining('cannot change') },
    });
  });

  it('answers 404 for an agent that is not here', async () => {
    expect(await patch(await testRegistry(), 'nobody', { label: 'x' })).toMatchObject({
      status: 404,
      body: { error: 'not_found' },
    });
  });
});

describe('DELETE /api/agents/:id', () => {
  it('gives every address up, and the agent is gone', async () => {
    const node = await testRegistry();
    await create(node, { id: 'a1', ...titania });
    const answer = await call(node.app, 'DELETE', '/api/agents/a1');
    expect([answer.status, answer.body]).toEqual([200, { success: true }]);
    expect(node.claims.owners.size).toBe(0);
    expect(Buffer.from(node.index.bytes().body).toString()).toBe('{}');
    for (const method of ['GET', 'DELETE']) expect((await call(node.app, method, '/api/agents/a1')).status).toBe(404);
    expect(await eventsSince(node, 2)).toEqual(['agent.email.changed', 'agent.deleted']);
    expect((await create(node, titania)).status).toBe(201);
  });

  it('answers 202 while the voters have not released them, and the names stay reserved until they have', async () => {
    const node = await testRegistry();
    await create(node, { id: 'a1', ...titania });
    node.claims.releases = 'pending';
    const answer = await call(node.app, 'DELETE', '/api/agents/a1');
    const releasing = ['titania@23blocks.example.com', 'iac@tool.example.com'];
    expect([answer.status, answer.body]).toEqual([202, { success: true, releasing }]);
    expect((await call(node.app, 'GET', '/api/agents/a1')).status).toBe(404);
    const early = await create(node, titania);
    expect(early).toMatchObject({ status: 503, body: { error: 'uniqueness_unavailable', reason: 'settling' } });
    node.claims.settle();
    expect((await create(node, titania)).status).toBe(201);
  });
});
