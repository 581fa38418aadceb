import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import { agentOf, call, type TestRegistry, testRegistry } from '../../support/test-registry.ts';

const titania = {
  name: '23blocks-iac',
  label: 'Titania',
  tools: {
    email: {
      addresses: [
        { address: 'Titania@23blocks.example.com', primary: true, displayName: 'Titania' },
        { address: 'iac@tool.example.com', displayName: 'IaC Team', metadata: { tenant: 'tool' } },
      ],
    },
  },
};

const create = (node: TestRegistry, body: unknown) => call(node.app, 'POST', '/api/agents', body);
const patch = (node: TestRegistry, id: string, body: unknown) => call(node.app, 'PATCH', `/api/agents/${id}`, body);

/** Names of the events since `after`, and the fields of `agent.updated`. */
async function eventsSince(node: TestRegistry, after: number): Promise<readonly string[]> {
  const entries = await node.registry.changes.read(after, 1_000);
  return entries.map(({ event, changes }) => [event, ...(changes.fields ?? [])].join(' '));
}

/** `owner` on another host. */
function givenAway(node: TestRegistry, address: string): void {
  const owner = { hostId: 'cloud' as HostId, agentName: 'puck', agentId: 'p', claimId: 'c', since: '2026-01-01' };
  node.claims.owners.set(address as AddressKey, owner as never);
}

describe('POST /api/agents', () => {
  it('answers 201 with the agent in the form of the specification', async () => {
    const node = await testRegistry();
    const answer = await create(node, titania);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      agent: {
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        name: '23blocks-iac',
        label: 'Titania',
        hostId: 'mac',
        tools: {
          email: {
            enabled: true,
            addresses: [
              { address: 'titania@23blocks.example.com', primary: true, displayName: 'Titania' },
              {
                address: 'iac@tool.example.com',
                primary: false,
                displayName: 'IaC Team',
                metadata: { tenant: 'tool' },
              },
            ],
          },
        },
        createdAt: '2026-01-27T12:00:00.000Z',
        updatedAt: '2026-01-27T12:00:00.000Z',
      },
    });
    const { id } = agentOf(answer);
    expect(await call(node.app, 'GET', `/api/agents/${id}`)).toMatchObject({ status: 200, body: answer.body });
    expect((await call(node.app, 'GET', '/api/agents')).body).toEqual({ agents: [agentOf(answer)] });
    expect(await eventsSince(node, 0)).toEqual(['agent.created', 'agent.email.changed']);
  });

  it('needs a name and nothing else', async () => {
    const node = await testRegistry();
    const agent = agentOf(await create(node, { name: '  puck ' }));
    expect(agent).toMatchObject({ name: 'puck', label: null, tools: { email: { enabled: true, addresses: [] } } });
    expect(await eventsSince(node, 0)).toEqual(['agent.created']);
  });

  it('answers 409 for a name that is taken, in whatever case', async () => {
    const node = await testRegistry();
    await create(node, { name: 'Puck' });
    const answer = await create(node, { name: 'pUCK' });
    expect(answer).toMatchObject({ status: 409, body: { error: 'name_taken', field: 'name' } });
  });

  it('keeps a name while its agent is being made, and frees it when that fails', async () => {
    const node = await testRegistry();
    const email = (address: string) => ({ email: { addresses: [{ address }] } });
    givenAway(node, 'taken@x.com');
    node.claims.hold();
    const first = create(node, { name: 'puck', tools: email('taken@x.com') });
    const second = create(node, { name: 'PUCK', tools: email('free@x.com') });
    const third = create(node, { name: 'Puck' });
    await node.clock.settle();
    node.claims.letGo();
    expect((await Promise.all([first, second, third])).map((answer) => answer.status)).toEqual([409, 201, 409]);
  });

  it('claims all addresses or none', async () => {
    const node = await testRegistry();
    givenAway(node, 'iac@tool.example.com');
    const answer = await create(node, titania);
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual({
      error: 'conflict',
      message: 'Email address iac@tool.example.com is already claimed',
      claimedBy: { agentName: 'puck', hostId: 'cloud' },
    });
    expect([node.claims.owners.size, node.registry.list(), node.registry.changes.head]).toEqual([1, [], 0]);
  });

  it('answers 503 when uniqueness cannot be established, and makes nothing', async () => {
    const node = await testRegistry();
    const hostsFailed = ['cloud' as HostId];
    const why = { reason: 'no_majority', message: 'One of two voters answered.', required: 2, reached: 1, hostsFailed };
    node.claims.outage = { kind: 'unavailable', ...why } as never;
    const answer = await create(node, titania);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.body).toEqual({ error: 'uniqueness_unavailable', ...why });
    expect([node.registry.list(), node.registry.changes.head]).toEqual([[], 0]);
  });

  it('refuses an eleventh address before it claims any', async () => {
    const node = await testRegistry();
    const addresses = Array.from({ length: 11 }, (_, at) => ({ address: `a${at}@x.com` }));
    const answer = await create(node, { name: 'puck', tools: { email: { addresses } } });
    expect(answer).toMatchObject({ status: 400, body: { error: 'limit_exceeded', field: 'tools.email.addresses' } });
    expect(node.claims.asked).toEqual([]);
    const ten = await create(node, { name: 'puck', tools: { email: { addresses: addresses.slice(1) } } });
    expect(ten.status).toBe(201);
  });

  it.each([
    ['the same address twice', [{ address: 'a@x.com' }, { address: 'A@X.com' }], 'addresses[1].address'],
    ['what is no address', [{ address: 'a@x.com' }, { address: 'nobody' }], 'addresses[1].address'],
    ['two primaries', ['a', 'b'].map((name) => ({ address: `${name}@x.com`, primary: true })), 'addresses[1].primary'],
  ])('answers 400 for %s, naming it', async (_, addresses, field) => {
    const node = await testRegistry();
    const answer = await create(node, { name: 'puck', tools: { email: { addresses } } });
    expect(answer).toMatchObject({ status: 400, body: { field: `tools.email.${field}` } });
    expect(node.claims.asked).toEqual([]);
  });

  it('answers 409 for an address of another agent here, without asking the voters', async () => {
    const node = await testRegistry();
    await create(node, titania);
    const tools = { email: { addresses: [{ address: 'IAC@tool.example.com' }] } };
    const answer = await create(node, { name: 'puck', tools });
    expect(answer).toMatchObject({ status: 409, body: { claimedBy: { agentName: '23blocks-iac', hostId: 'mac' } } });
    expect(node.claims.asked).toHaveLength(1);
  });

  it('keeps the claim of addresses that are disabled, and leaves them out of the index', async () => {
    const node = await testRegistry();
    const tools = { email: { enabled: false, addresses: [{ address: 'a@x.com' }] } };
    await create(node, { name: 'puck', tools });
    expect([...node.claims.owners.keys()]).toEqual(['a@x.com']);
    expect(Buffer.from(node.index.bytes().body).toString()).toBe('{}');
    expect(await eventsSince(node, 0)).toEqual(['agent.created']);
  });
});

describe('POST /api/agents with an id of the client', () => {
  it('answers 200 with the same agent when the same body comes again, however it is written', async () => {
    const node = await testRegistry();
    const first = await create(node, { id: 'Agent_1', ...titania });
    const head = node.registry.changes.head;
    const { name, ...rest } = titania;
    const again = await create(node, { ...rest, id: 'Agent_1', name: `  ${name} ` });
    expect([first.status, again.status, again.body]).toEqual([201, 200, first.body]);
    expect(node.registry.changes.head).toBe(head);
  });

  it('does not mind the order of members, in metadata neither', async () => {
    const node = await testRegistry();
    const made = (metadata: object) => {
      const email = { addresses: [{ address: 'a@x.com', metadata }] };
      return create(node, { id: 'a1', name: 'puck', tools: { email } });
    };
    expect((await made({ one: '1', two: '2' })).status).toBe(201);
    expect((await made({ two: '2', one: '1' })).status).toBe(200);
    expect((await made({ two: '1', one: '2' })).status).toBe(409);
  });

  it('answers the same to two that come at once', async () => {
    const node = await testRegistry();
    const [first, second] = await Promise.all([1, 2].map(() => create(node, { id: 'a1', ...titania })));
    expect([first?.status, second?.status]).toEqual([201, 200]);
    expect(second?.body).toEqual(first?.body);
  });

  it('answers 409 when the body is another one', async () => {
    const node = await testRegistry();
    await create(node, { id: 'a1', ...titania });
    const disabled = { tools: { email: { ...titania.tools.email, enabled: false } } };
    for (const other of [{ label: 'Other' }, { name: 'other' }, { tools: {} }, disabled]) {
      const answer = await create(node, { id: 'a1', ...titania, ...other });
      expect(answer).toMatchObject({ status: 409, body: { error: 'id_taken', field: 'id' } });
    }
  });

  it('answers 409 for an id that this node made itself', async () => {
    const node = await testRegistry();
    const { id } = agentOf(await create(node, { name: 'puck' }));
    expect((await create(node, { name: 'puck', id })).status).toBe(409);
  });

  it.each(['email-index', '__proto__', 'constructor', 'a/b', '', '.', 'x'.repeat(129)])('refuses %j', async (id) => {
    const answer = await create(await testRegistry(), { name: 'puck', id });
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_request', field: 'id' } });
  });

  it('goes on counting its events when the agent is deleted and made again', async () => {
    const node = await testRegistry();
    await create(node, { id: 'a1', ...titania });
    await call(node.app, 'DELETE', '/api/agents/a1');
    expect((await create(node, { id: 'a1', ...titania })).status).toBe(201);
    const entries = await node.registry.changes.read(0, 100);
    expect(entries.map((entry) => [entry.seq, entry.sequence])).toEqual([1, 2, 3, 4, 5, 6].map((at) => [at, at]));
  });
});

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

  it('replaces the list of addresses: claims what is new, gives up what is gone', async () => {
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
    expect((await node.registry.changes.read(2, 10)).map(({ event, changes }) => [event, changes])).toEqual([
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

  it('answers 200 and lists what the voters have not freed yet', async () => {
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

  it('answers 202 while the voters have not freed them, and the names stay reserved until they have', async () => {
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
