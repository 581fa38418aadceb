import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import { changesOf } from '../../support/agent-changes.ts';
import { call, type TestRegistry, testRegistry } from '../../support/test-registry.ts';

const LIST = '/api/agents/a1/email/addresses';
const add = (node: TestRegistry, body: unknown, path = LIST) => call(node.app, 'POST', path, body);
const one = (address: string) => `${LIST}/${encodeURIComponent(address)}`;

/** Agent a1 `titania` with these addresses, in order. */
async function withAddresses(...addresses: readonly string[]) {
  const node = await testRegistry();
  await node.registry.agents.create({ name: 'titania', id: 'a1' as AgentId });
  for (const address of addresses) await add(node, { address });
  return node;
}

/** `a*` is primary. */
function marks(body: unknown): string {
  const { addresses } = body as { addresses: readonly { address: string; primary: boolean }[] };
  return addresses.map(({ address, primary }) => `${address}${primary ? '*' : ''}`).join(' ');
}

async function eventsSince(node: TestRegistry, after: number) {
  return (await node.registry.changes.read(after, 1_000)).map((entry) => entry.event);
}

describe('POST …/email/addresses', () => {
  it('answers 201 with the whole list and the claim’s id', async () => {
    const node = await withAddresses();
    await add(node, { address: 'a@x.com' });
    const answer = await add(node, { address: ' New@X.com ', displayName: 'New', metadata: { tenant: 't' } });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      agentId: 'a1',
      agentName: 'titania',
      addresses: [
        { address: 'a@x.com', primary: true },
        { address: 'new@x.com', primary: false, displayName: 'New', metadata: { tenant: 't' } },
      ],
    });
    const owner = node.claims.owners.get('new@x.com' as AddressKey);
    expect(owner).toMatchObject({
      hostId: 'mac',
      agentId: 'a1',
      agentName: 'titania',
      since: '2026-01-27T12:00:00.000Z',
    });
    expect(answer.headers.get('mesh-claim-id')).toBe(owner?.claimId);
    expect(await eventsSince(node, 3)).toEqual(['agent.email.changed', 'agent.updated']);
  });

  it('answers 200 when the agent holds it already, and changes nothing', async () => {
    const node = await withAddresses('a@x.com');
    const head = node.registry.changes.head;
    const again = await add(node, { address: 'A@x.com', displayName: 'Other' });
    expect([again.status, marks(again.body)]).toEqual([200, 'a@x.com*']);
    expect(again.headers.get('mesh-claim-id')).toBe(node.claims.owners.get('a@x.com' as AddressKey)?.claimId);
    expect([node.registry.changes.head, node.claims.asked.length]).toEqual([head, 1]);
  });

  it('answers 409 when another agent of this host holds it, without asking the voters', async () => {
    const node = await withAddresses('a@x.com');
    await node.registry.agents.create({ name: 'puck', id: 'a2' as AgentId });
    const answer = await add(node, { address: 'a@x.com' }, '/api/agents/a2/email/addresses');
    expect(answer.status).toBe(409);
    expect(answer.body).toEqual({
      error: 'conflict',
      message: 'Email address a@x.com is already claimed',
      claimedBy: { agentName: 'titania', hostId: 'mac' },
    });
    expect(node.claims.asked).toHaveLength(1);
  });

  it.each([
    ['an agent of another host', 'cloud', 'confirmed'],
    ['an agent of another host, while releases of ours are pending', 'cloud', 'pending'],
    ['this host, with nothing left to be ended', 'mac', 'confirmed'],
  ] as const)('answers 409 when the voters say that %s holds it', async (_, host, releases) => {
    const node = await withAddresses('b@x.com');
    node.claims.releases = releases;
    await call(node.app, 'DELETE', one('b@x.com'));
    const owner = { hostId: host as HostId, agentName: 'puck', agentId: 'p', claimId: 'c', since: '2026-01-01' };
    node.claims.owners.set('a@x.com' as AddressKey, owner as never);
    const answer = await add(node, { address: 'a@x.com' });
    expect(answer.headers.get('mesh-claim-id')).toBeTruthy();
    expect(answer).toMatchObject({ status: 409, body: { claimedBy: { agentName: 'puck', hostId: host } } });
    expect(node.registry.table.get('a1' as AgentId).addresses).toEqual([]);
  });

  it('answers 503 with Retry-After when uniqueness cannot be established', async () => {
    const node = await withAddresses();
    const why = { reason: 'forming', message: 'The mesh is forming.', required: 2, reached: 1, hostsFailed: ['cloud'] };
    node.claims.outage = { kind: 'unavailable', ...why } as never;
    const answer = await add(node, { address: 'a@x.com' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    expect(answer.body).toEqual({ error: 'uniqueness_unavailable', ...why });
    expect(node.registry.table.get('a1' as AgentId).addresses).toEqual([]);
  });

  it('refuses the eleventh, but still knows the ten', async () => {
    const ten = Array.from({ length: 10 }, (_, at) => `a${at}@x.com`);
    const node = await withAddresses(...ten);
    const answer = await add(node, { address: 'b@x.com' });
    expect(answer).toMatchObject({ status: 400, body: { error: 'limit_exceeded', field: 'address' } });
    expect((await add(node, { address: 'a9@x.com' })).status).toBe(200);
    expect(node.claims.owners.size).toBe(10);
  });

  it('makes the first address primary, and a later one when it asks', async () => {
    const node = await withAddresses();
    expect(marks((await add(node, { address: 'a@x.com', primary: false })).body)).toBe('a@x.com*');
    expect(marks((await add(node, { address: 'b@x.com', primary: true })).body)).toBe('a@x.com b@x.com*');
    const entries = await node.registry.changes.read(3, 1);
    expect(changesOf(entries[0])).toMatchObject({ added: ['b@x.com'], modified: ['a@x.com'] });
  });

  it('keeps an address of a disabled agent out of the index: agent.updated alone', async () => {
    const node = await withAddresses();
    await node.registry.agents.patch('a1' as AgentId, { tools: { email: { enabled: false } } });
    await add(node, { address: 'a@x.com' });
    expect(await eventsSince(node, 2)).toEqual(['agent.updated']);
  });

  it('gives an address that two agents ask for at once to one of them, asking the voters once', async () => {
    const node = await withAddresses();
    await node.registry.agents.create({ name: 'puck', id: 'a2' as AgentId });
    const paths = [LIST, '/api/agents/a2/email/addresses'];
    const answers = await Promise.all(paths.map((path) => add(node, { address: 'a@x.com' }, path)));
    expect(answers.map((answer) => answer.status)).toEqual([201, 409]);
    expect(node.claims.asked).toHaveLength(1);
  });

  it('takes ten of twelve that come at once for one agent, and counts without a gap', async () => {
    const node = await withAddresses();
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => add(node, { address: `a${at}@x.com` })));
    expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(10).fill(201), 400, 400]);
    const entries = await node.registry.changes.read(0, 100);
    expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: 21 }, (_, at) => at + 1));
  });
});

describe('…/email/addresses/:address', () => {
  it.each(['a@x.com', 'a%25b@x.com', 'a/b@x.com', 'a+b@x.com', 'ü@bücher.example', "o'b&c?d#e@x.com", '%2f@x.com'])(
    'reads and deletes %s, percent-decoded once',
    async (address) => {
      const node = await withAddresses('first@x.com', address);
      const read = await call(node.app, 'GET', one(address));
      expect(read.body).toEqual({ agentId: 'a1', agentName: 'titania', address, primary: false });
      const gone = await call(node.app, 'DELETE', one(address));
      expect([gone.status, marks(gone.body)]).toEqual([200, 'first@x.com*']);
      expect((await call(node.app, 'GET', one(address))).status).toBe(404);
    },
  );

  it('is found in any case and with space around it', async () => {
    const node = await withAddresses('a@x.com');
    expect((await call(node.app, 'GET', one(' A@X.COM '))).status).toBe(200);
  });

  it.each(['b@x.com', 'nobody', ' ', 'a@x.com\u0000'])(
    'answers 404 for %j, which the agent does not hold',
    async (text) => {
      const node = await withAddresses('a@x.com');
      for (const method of ['GET', 'DELETE']) {
        const answer = await call(node.app, method, one(text));
        expect(answer).toMatchObject({ status: 404, body: { error: 'not_found' } });
      }
      expect((await call(node.app, 'PATCH', one(text), { primary: true })).status).toBe(404);
    },
  );

  it('answers 404 for an address of another agent', async () => {
    const node = await withAddresses('a@x.com');
    await node.registry.agents.create({ name: 'puck', id: 'a2' as AgentId });
    expect((await call(node.app, 'DELETE', '/api/agents/a2/email/addresses/a%40x.com')).status).toBe(404);
    expect(node.claims.owners.size).toBe(1);
  });
});

describe('PATCH …/email/addresses/:address', () => {
  it('changes what it names, and answers with the list', async () => {
    const node = await withAddresses('a@x.com', 'b@x.com');
    const head = node.registry.changes.head;
    const answer = await call(node.app, 'PATCH', one('b@x.com'), {
      displayName: 'B',
      primary: true,
      metadata: { tenant: 't' },
    });
    expect(answer).toMatchObject({ status: 200, body: { agentId: 'a1', agentName: 'titania' } });
    expect(marks(answer.body)).toBe('a@x.com b@x.com*');
    const [email] = await node.registry.changes.read(head, 10);
    expect(changesOf(email)).toEqual({
      added: [],
      removed: [],
      modified: ['a@x.com', 'b@x.com'],
      current: ['a@x.com', 'b@x.com'],
    });
    expect(await eventsSince(node, head)).toEqual(['agent.email.changed', 'agent.updated']);
  });

  it('emits nothing when it changes nothing', async () => {
    const node = await withAddresses('a@x.com');
    const head = node.registry.changes.head;
    const answer = await call(node.app, 'PATCH', one('a@x.com'), { primary: true, displayName: null, metadata: {} });
    expect([answer.status, node.registry.changes.head]).toEqual([200, head]);
  });

  it('hands the primary on when it is given up, but not from the only address', async () => {
    const node = await withAddresses('a@x.com', 'b@x.com');
    expect(marks((await call(node.app, 'PATCH', one('a@x.com'), { primary: false })).body)).toBe('a@x.com b@x.com*');
    await call(node.app, 'DELETE', one('a@x.com'));
    expect(await call(node.app, 'PATCH', one('b@x.com'), { primary: false })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', field: 'primary' },
    });
  });
});

describe('DELETE …/email/addresses/:address', () => {
  it('promotes the oldest left when the primary goes', async () => {
    const node = await withAddresses('a@x.com', 'b@x.com', 'c@x.com');
    const head = node.registry.changes.head;
    const answer = await call(node.app, 'DELETE', one('a@x.com'));
    expect(marks(answer.body)).toBe('b@x.com* c@x.com');
    const [email] = await node.registry.changes.read(head, 1);
    expect(changesOf(email)).toMatchObject({ removed: ['a@x.com'], modified: ['b@x.com'] });
    expect(node.claims.owners.has('a@x.com' as AddressKey)).toBe(false);
  });

  it('answers 202 while the release is not confirmed; the address is gone here at once', async () => {
    const node = await withAddresses('a@x.com', 'b@x.com');
    node.claims.releases = 'pending';
    const answer = await call(node.app, 'DELETE', one('a@x.com'));
    expect([answer.status, answer.body]).toEqual([
      202,
      {
        agentId: 'a1',
        agentName: 'titania',
        addresses: [{ address: 'b@x.com', primary: true }],
        releasing: ['a@x.com'],
      },
    ]);
    expect((await call(node.app, 'GET', one('a@x.com'))).status).toBe(404);
    const early = await add(node, { address: 'a@x.com' });
    expect(early).toMatchObject({ status: 503, body: { error: 'uniqueness_unavailable', reason: 'settling' } });
    node.claims.settle();
    expect((await add(node, { address: 'a@x.com' })).status).toBe(201);
  });

  it('names the claims of a PATCH too', async () => {
    const node = await withAddresses('a@x.com');
    const tools = { email: { addresses: [{ address: 'a@x.com' }, { address: 'b@x.com' }] } };
    const answer = await call(node.app, 'PATCH', '/api/agents/a1', { tools });
    const named = ['a@x.com', 'b@x.com'].map((address) => node.claims.owners.get(address as AddressKey)?.claimId);
    expect(answer.headers.get('mesh-claim-id')).toBe(named.join(', '));
  });

  it('gives every claim its own id, so that an old release cannot free a new claim', async () => {
    const node = await withAddresses('a@x.com');
    const first = node.claims.owners.get('a@x.com' as AddressKey)?.claimId;
    await call(node.app, 'DELETE', one('a@x.com'));
    const again = await add(node, { address: 'a@x.com' });
    expect(again.headers.get('mesh-claim-id')).not.toBe(first);
  });
});
