// What hosts and clients of the original ask, of a node that stands beside them.
import { describe, expect, it } from 'vitest';
import { testNode } from '../../support/test-node.ts';

const never = () => new Promise<never>(() => undefined);
const ME = { id: 'desk', name: 'Desk', url: 'http://10.0.0.9:23000' };
const BODY = {
  ...{ id: 'a1', name: 'titania', label: 'Titania', program: 'claude', taskDescription: '', createSession: true },
  tools: { session: {}, email: { provider: 'smtp', addresses: [{ address: 't@x.com' }] } },
};

async function beside(more: Parameters<typeof testNode>[0] = {}) {
  const node = await testNode({ compat: 'maestro', ...more });
  node.node.start();
  await node.clock.settle();
  return node;
}

describe('a node beside the original', () => {
  it('shows itself and its agents', async () => {
    const { ask } = await beside();
    await ask('POST', '/api/agents', BODY);
    expect((await ask('GET', '/api/config')).body).toMatchObject({ version: '1.2.3', port: '23000' });
    expect((await ask('GET', '/api/diagnostics')).body).toMatchObject({
      hostname: 'mac',
      summary: { total: 3, passed: 3, failed: 0, warnings: 0, status: 'pass' },
    });
    expect((await ask('GET', '/api/agents/directory')).body).toMatchObject({
      success: true,
      entries: [{ name: 'titania', hostId: 'mac', hostUrl: 'http://127.0.0.1:23000', source: 'local' }],
      stats: { total: 1, local: 1, remote: 0 },
    });
    expect((await ask('GET', '/api/agents/by-name/Titania')).body).toEqual({
      exists: true,
      agent: { id: 'a1', name: 'titania', hostId: 'mac', hostUrl: 'http://127.0.0.1:23000' },
    });
    expect(await ask('GET', '/api/agents/by-name/puck')).toMatchObject({ status: 404, body: { exists: false } });
    expect((await ask('GET', '/api/agents/a1')).status).toBe(200);
  });

  it('warns in its diagnosis while nothing can be claimed', async () => {
    const { ask } = await beside({ peers: { cloud: never } });
    expect((await ask('GET', '/api/diagnostics')).body).toMatchObject({
      summary: { passed: 2, warnings: 1, status: 'warn' },
    });
  });

  it('tells a host that it is known, whoever asks, and changes nothing', async () => {
    const { ask, roster, store } = await beside({ token: 'a-token-of-sixteen-characters', peers: { cloud: never } });
    const before = [roster.current(), store.snapshot()];
    const source = { initiator: 'desk', timestamp: '2026-01-01T00:00:00Z' };
    expect(await ask('POST', '/api/hosts/register-peer', { host: ME, source })).toMatchObject({
      status: 200,
      body: {
        ...{ success: true, registered: false, alreadyKnown: true },
        host: { id: 'mac', name: 'mac', url: 'http://127.0.0.1:23000' },
        knownHosts: [{ id: 'cloud' }],
      },
    });
    expect([roster.current(), store.snapshot()]).toEqual(before);
    expect((await ask('POST', '/api/hosts/register-peer', { host: {} })).status).toBe(400);
    const guarded = await beside({ readToken: 'a-token-of-sixteen-characters' });
    expect((await guarded.ask('POST', '/api/hosts/register-peer', { host: ME })).status).toBe(401);
    expect((await ask('POST', '/api/hosts/evict', { host: 'cloud' })).status).toBe(401);
  });

  it('tells a host that shares the hosts it knows which of them are here, and takes none in', async () => {
    const { ask, roster, store } = await beside({ token: 'a-token-of-sixteen-characters', peers: { cloud: never } });
    const before = [roster.current(), store.snapshot()];
    const knownHosts = [{ id: 'Cloud', name: 'cloud', url: 'http://10.0.0.9:23000' }, { id: 'third' }];
    expect(await ask('POST', '/api/hosts/exchange-peers', { fromHost: ME, knownHosts })).toMatchObject({
      status: 200,
      body: { success: true, newlyAdded: [], alreadyKnown: ['Cloud'], unreachable: [] },
    });
    expect([roster.current(), store.snapshot()]).toEqual(before);
    expect((await ask('POST', '/api/hosts/exchange-peers', { fromHost: ME })).status).toBe(400);
    const guarded = await beside({ readToken: 'a-token-of-sixteen-characters' });
    expect((await guarded.ask('POST', '/api/hosts/exchange-peers', { fromHost: ME, knownHosts })).status).toBe(401);
  });

  it('leaves out of a new agent what means nothing here, and says so; what nobody knows it refuses', async () => {
    const { ask } = await beside();
    const made = await ask('POST', '/api/agents', BODY);
    expect([made.status, (made.body as { warnings: unknown }).warnings]).toEqual([
      201,
      ['program', 'taskDescription', 'createSession', 'tools.session', 'tools.email.provider'].map(
        (member) => `'${member}' means nothing here and was left out.`,
      ),
    ]);
    expect((await ask('POST', '/api/agents', { alias: 'puck', tags: ['x'] })).body).toMatchObject({
      agent: { name: 'puck' },
    });
    expect(await ask('POST', '/api/agents', { name: 'q', lable: 'Q' })).toMatchObject({
      status: 400,
      body: { error: 'unknown_field', field: 'lable' },
    });
    expect((await ask('POST', '/api/agents', { name: 'plain' })).body).not.toHaveProperty('warnings');
  });
});

describe('a node that does not stand beside it', () => {
  it('has none of these routes, and refuses such fields', async () => {
    const { node, clock, ask } = await testNode();
    node.start();
    await clock.settle();
    for (const path of ['/api/config', '/api/diagnostics', '/api/agents/directory', '/api/agents/by-name/a'])
      expect([path, (await ask('GET', path)).status]).toEqual([path, 404]);
    for (const path of ['/api/hosts/register-peer', '/api/hosts/exchange-peers'])
      expect([path, (await ask('POST', path, { host: ME })).status]).toEqual([path, 404]);
    expect((await ask('POST', '/api/agents', BODY)).body).toMatchObject({ error: 'unknown_field' });
  });

  it('gives no agent an id that is a route of the original', async () => {
    const { node, clock, ask } = await testNode();
    node.start();
    await clock.settle();
    for (const id of ['directory', 'by-name', 'unified', 'email-index'])
      expect([id, (await ask('POST', '/api/agents', { id, name: id })).status]).toEqual([id, 400]);
  });
});
