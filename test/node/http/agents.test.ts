import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../mesh/names.ts';
import { agentOf, call, testRegistry } from '../../support/test-registry.ts';
import { create, eventsSince, givenAway, titania } from '../../support/titania.ts';

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
    node.claims.stall();
    const first = create(node, { name: 'puck', tools: email('taken@x.com') });
    const second = create(node, { name: 'PUCK', tools: email('free@x.com') });
    const third = create(node, { name: 'Puck' });
    await node.clock.settle();
    node.claims.resume();
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
    expect([node.claims.owners.size, node.registry.table.list(), node.registry.changes.head]).toEqual([1, [], 0]);
  });

  it('answers 503 when uniqueness cannot be established, and makes nothing', async () => {
    const node = await testRegistry();
    const hostsFailed = ['cloud' as HostId];
    const why = { reason: 'no_majority', message: 'One of two voters answered.', required: 2, reached: 1, hostsFailed };
    node.claims.outage = { kind: 'unavailable', ...why } as never;
    const answer = await create(node, titania);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.body).toEqual({ error: 'uniqueness_unavailable', ...why });
    expect([node.registry.table.list(), node.registry.changes.head]).toEqual([[], 0]);
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

describe('GET /api/agents', () => {
  const IDS = ['a-1', 'a-2', 'a-3', 'a-4', 'a-5'];
  const withAgents = async () => {
    const node = await testRegistry();
    for (const id of [...IDS].reverse()) await create(node, { id, name: `agent-${id}` });
    const page = async (query: string) => {
      const { body } = await call(node.app, 'GET', `/api/agents?${query}`);
      const { agents, nextCursor } = body as { agents: { id: string }[]; nextCursor?: string };
      return { ids: agents.map(({ id }) => id), next: nextCursor };
    };
    return { node, page };
  };

  it('goes page by page, the oldest first and of those made together by their ids', async () => {
    const { page } = await withAgents();
    const first = await page('limit=2');
    expect(first.ids).toEqual(['a-1', 'a-2']);
    const second = await page(`limit=2&cursor=${first.next}`);
    expect(second.ids).toEqual(['a-3', 'a-4']);
    expect(await page(`limit=2&cursor=${second.next}`)).toEqual({ ids: ['a-5'], next: undefined });
    expect(await page('limit=5')).toEqual({ ids: IDS, next: undefined });
  });

  it('has at most 1,000 agents unless it is asked for fewer', async () => {
    const { node, page } = await withAgents();
    for (let count = IDS.length; count < 1_001; count += 1) await create(node, { name: `more-${count}` });
    const first = await page('');
    expect([first.ids.length, first.next]).toEqual([1_000, expect.any(String)]);
    expect(await page(`cursor=${first.next}`)).toMatchObject({ ids: [expect.any(String)], next: undefined });
  });

  it('goes on behind an agent that was changed, or is gone', async () => {
    const { node, page } = await withAgents();
    const { next } = await page('limit=2');
    await call(node.app, 'PATCH', '/api/agents/a-3', { label: 'Changed' });
    await call(node.app, 'DELETE', '/api/agents/a-2');
    expect((await page(`limit=2&cursor=${next}`)).ids).toEqual(['a-3', 'a-4']);
    expect((await page('limit=9')).ids).toEqual(['a-1', 'a-3', 'a-4', 'a-5']);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=all', 'limit'],
    ['cursor=a-1', 'cursor'],
    ['cursor=2026-01-27T12:00:00.000Z,', 'cursor'],
    ['cursor=yesterday,a-1', 'cursor'],
    ['cursor=', 'cursor'],
    ['cursor=2026-13-45T12:00:00.000Z,a-1', 'cursor'],
    ['cursor=2026-01-27T12:00:00.000Z,a-1,a-2', 'cursor'],
  ])('answers 400 to ?%s', async (query, field) => {
    const { node } = await withAgents();
    expect(await call(node.app, 'GET', `/api/agents?${query}`)).toMatchObject({ status: 400, body: { field } });
  });
});
