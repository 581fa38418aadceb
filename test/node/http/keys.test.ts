// `/api/keys` over a whole node: what may be asked for, and what each key opens.
import { describe, expect, it } from 'vitest';
import { Listener } from '../../support/listening.ts';
import { sendConfig } from '../../support/mail.ts';
import { testNode } from '../../support/test-node.ts';

const TOKEN = 'write-token-0123456';
const OPERATOR = { authorization: `Bearer ${TOKEN}` };

async function setUp() {
  const node = await testNode({ token: TOKEN, send: sendConfig() });
  node.node.start();
  await node.clock.settle();
  const agent = (id: string) => {
    const email = { addresses: [{ address: `${id}@x.com` }] };
    return node.ask('POST', '/api/agents', { id, name: id, tools: { email } }, OPERATOR);
  };
  await Promise.all([agent('a1'), agent('a2')]);
  const key = async (wish: object) => {
    const { body } = await node.ask('POST', '/api/keys', { name: 'gateway', ...wish }, OPERATOR);
    const { key: made, secret } = body as { key: { id: string }; secret: string };
    const ask = (method: string, path: string, sent?: unknown) =>
      node.ask(method, path, sent, { authorization: `Bearer ${secret}` });
    return { ...made, secret, ask, code: async (...asked: Parameters<typeof ask>) => codeOf(await ask(...asked)) };
  };
  return { ...node, key };
}

function codeOf({ status, body }: { status: number; body: unknown }): unknown {
  return (body as { error?: string } | undefined)?.error ?? status;
}

describe('POST /api/keys', () => {
  it('makes a key, whose text is in no later answer', async () => {
    const { ask, key } = await setUp();
    const { secret, id } = await key({ scopes: ['read', 'webhooks'], expiresAt: '2999-01-01T00:00:00Z' });
    const { body } = await ask('GET', '/api/keys', undefined, OPERATOR);
    expect([secret.length, JSON.stringify(body).includes(secret)]).toEqual([47, false]);
    expect((body as { keys: object[] }).keys).toEqual([
      {
        ...{ id, name: 'gateway', scopes: ['read', 'webhooks'], createdAt: expect.any(String), lastUsedAt: null },
        ...{ expiresAt: '2999-01-01T00:00:00.000Z', expired: false },
      },
    ]);
  });

  it.each([
    [{ scopes: [] }, 'scopes'],
    [{ scopes: ['everything'] }, 'scopes[0]'],
    [{ scopes: ['read'], name: 'two\nlines' }, 'name'],
    [{ scopes: ['read'], expiresAt: 'soon' }, 'expiresAt'],
    [{ scopes: ['read'], expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt'],
    [{ scopes: ['read'], agentId: 'a b' }, 'agentId'],
    [{ scopes: ['webhooks'], agentId: 'a1' }, 'scopes'],
    [{ scopes: ['admin'], agentId: 'a1' }, 'scopes'],
  ])('refuses %j, naming %s, and makes nothing', async (wish, field) => {
    const { ask } = await setUp();
    const { status, body } = await ask('POST', '/api/keys', { name: 'gateway', ...wish }, OPERATOR);
    expect([status, (body as { field: string }).field]).toEqual([400, field]);
    expect((await ask('GET', '/api/keys', undefined, OPERATOR)).body).toEqual({ keys: [] });
  });
});

describe('a key', () => {
  it('opens what its scopes say, and nothing once it is revoked', async () => {
    const { ask, key } = await setUp();
    const { id, code } = await key({ scopes: ['webhooks'] });
    expect(await code('GET', '/api/webhooks')).toBe(200);
    expect(await code('POST', '/api/agents', { name: 'x' })).toBe('forbidden');
    expect(await code('GET', '/api/keys')).toBe('forbidden');
    expect((await ask('DELETE', `/api/keys/${id}`, undefined, OPERATOR)).status).toBe(200);
    expect(await code('GET', '/api/webhooks')).toBe('unauthorized');
    expect((await ask('DELETE', `/api/keys/${id}`, undefined, OPERATOR)).status).toBe(404);
  });

  it('of one agent changes that agent alone', async () => {
    const { key } = await setUp();
    const { code } = await key({ scopes: ['agents:write'], agentId: 'a1' });
    expect(await code('POST', '/api/agents/a1/email/addresses', { address: 'b@x.com' })).toBe(201);
    expect(await code('POST', '/api/agents/a2/email/addresses', { address: 'c@x.com' })).toBe('forbidden');
    expect(await code('DELETE', '/api/agents/a2')).toBe('forbidden');
  });

  it('of one agent sends as that agent alone, and sees no other mail', async () => {
    const { ask, key } = await setUp();
    const { ask: asA1, code } = await key({ scopes: ['send'], agentId: 'a1' });
    const mail = { to: 'somebody@example.com', subject: 's', body: 'b' };
    expect((await asA1('POST', '/api/email/send', mail)).status).toBe(202);
    expect(await code('POST', '/api/email/send', { ...mail, from: 'a2@x.com' })).toBe('forbidden');
    expect(await code('POST', '/api/email/send', { ...mail, agentId: 'a2' })).toBe('forbidden');
    const other = await ask('POST', '/api/email/send', { ...mail, agentId: 'a2' }, OPERATOR);
    const { email_id } = other.body as { email_id: string };
    expect(await code('GET', `/api/email/status/${email_id}`)).toBe('not_found');
    expect(await code('POST', `/api/email/${email_id}/cancel`)).toBe('not_found');
    const logged = async (query = '') =>
      ((await asA1('GET', `/api/email/log${query}`)).body as { emails: object[] }).emails;
    expect([(await logged()).length, (await logged('?agentId=a2')).length]).toEqual([1, 0]);
    expect(await code('GET', '/api/email/suppressions')).toBe('forbidden');
  });

  it('stands in the log with each change it made, without its text', async () => {
    const { key, log } = await setUp();
    const { id, secret, ask } = await key({ scopes: ['agents:write'] });
    await ask('POST', '/api/agents', { name: 'x' });
    await ask('GET', '/api/agents');
    const told = log.events.filter(({ event }) => event === 'api.changed').map(({ fields }) => fields);
    expect(told.at(-1)).toEqual({ method: 'POST', path: '/api/agents', status: 201, keyId: id, key: 'gateway' });
    expect(JSON.stringify(log.events)).not.toContain(secret);
  });
});

describe('who listens to the changes with a key', () => {
  async function listening(wish: object, accept: string) {
    const world = await setUp();
    const { id, secret } = await world.key({ scopes: ['webhooks'], ...wish });
    const headers = { host: 'localhost', authorization: `Bearer ${secret}`, accept };
    const response = world.node.fetch(new Request('http://localhost/api/changes', { headers }));
    const happen = (name = 'new') => world.ask('POST', '/api/agents', { name }, OPERATOR);
    return { ...world, response, happen, revoke: () => world.ask('DELETE', `/api/keys/${id}`, undefined, OPERATOR) };
  }

  it('hears nothing that happens after the key was revoked', async () => {
    const { response, happen, revoke } = await listening({}, 'text/event-stream');
    const listener = new Listener(await response);
    await happen();
    expect(await listener.events()).toMatchObject([{ data: expect.stringContaining('agent.created') }]);
    await revoke();
    const [told] = await Promise.all([listener.events(), happen('newer')]);
    expect(told).toBeUndefined();
  });

  it('is refused what it waited for', async () => {
    const { response, happen, revoke } = await listening({}, 'application/x-ndjson');
    await revoke();
    await happen();
    expect((await response).status).toBe(401);
  });

  it('is let go once the key has expired, at the next heartbeat', async () => {
    const expiresAt = new Date(Date.UTC(2026, 0, 27, 12) + 60_000).toISOString();
    const { response, clock } = await listening({ expiresAt }, 'text/event-stream');
    const end = new Listener(await response).events();
    await clock.advance(76_000);
    expect(await end).toBeUndefined();
  });
});
