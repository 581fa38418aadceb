// Whole nodes without sockets, as the root puts them together: what only shows when all capabilities are in one process.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import { TRIM_INTERVAL_MS } from '../../node/changes/log-trimmer.ts';
import { urlOf } from '../support/roster-of.ts';
import { says } from '../support/scripted-peers.ts';
import { hostsText, SELF_URL, testNode } from '../support/test-node.ts';

const silent = () => Promise.reject(new MeshError('peer_silent', 'Nobody is there.'));
const TITANIA = { name: 'titania', tools: { email: { addresses: [{ address: 'titania@x.com' }] } } };

describe('a federated look-up', () => {
  it.each(['agent@mini', 'agent@[192.0.2.1]'])(
    'asks for %s too, which only a peer’s settings allow',
    async (address) => {
      const entry = { agentId: 'p1', agentName: 'puck', hostId: 'mini', hostUrl: urlOf('mini'), primary: true };
      const { ask, clock } = await testNode({ peers: { mini: says({ [address]: entry }) } });
      const { body } = await ask(
        'GET',
        `/api/agents/email-index?federated=true&address=${encodeURIComponent(address)}`,
      );
      expect(body).toMatchObject({
        emails: { [address]: { agentName: 'puck' } },
        meta: { hostsQueried: 2, hostsSucceeded: 2 },
      });
      const asked = ask('GET', '/api/agents/email-index?federated=true');
      await clock.advance(1);
      const { body: all } = await asked;
      expect(Object.keys((all as { emails: object }).emails)).toEqual([address]);
    },
  );
});

describe('the change log of a running node', () => {
  const DAY_MS = 24 * 60 * 60 * 1_000;
  const entriesIn = (disk: ReadonlyMap<string, string>) => [...disk.keys()].filter((key) => key.startsWith('change/'));

  it('is trimmed behind its readers, and what a disabled webhook holds is kept as dead letters', async () => {
    const { node, ask, clock, store } = await testNode();
    node.start();
    const hook = { url: 'http://127.0.0.1:9/hook', events: ['agent.created'] };
    const { webhook } = (await ask('POST', '/api/webhooks', hook)).body as { webhook: { id: string } };
    await ask('PATCH', `/api/webhooks/${webhook.id}`, { enabled: false });
    await ask('POST', '/api/agents', TITANIA);
    expect(entriesIn(store.snapshot())).toHaveLength(2);
    clock.setWall(6 * DAY_MS);
    await clock.advance(TRIM_INTERVAL_MS);
    expect(entriesIn(store.snapshot())).toHaveLength(2);
    clock.setWall(DAY_MS);
    await clock.advance(TRIM_INTERVAL_MS);
    expect(entriesIn(store.snapshot())).toEqual([]);
    const { body } = await ask('GET', `/api/webhooks/${webhook.id}`);
    expect(body).toMatchObject({ webhook: { deliveries: { dead: 1, held: 0 } } });
    await node[Symbol.asyncDispose]();
  });

  it('stops the node when its agents are not those that the log tells of', async () => {
    const before = await testNode();
    await before.ask('POST', '/api/agents', TITANIA);
    const altered = [...before.store.snapshot()].map(
      ([key, text]) => [key, key.startsWith('agent/') ? text.replaceAll('titania@', 'oberon@') : text] as const,
    );
    const { node, store } = await testNode({ disk: new Map(altered) });
    node.start();
    expect((await store.failed).message).toContain('not those that its change log told of');
    await node[Symbol.asyncDispose]();
  });
});

describe('a lone node', () => {
  it('is alive and ready at once', async () => {
    const { node, ask } = await testNode();
    node.start();
    expect(await ask('GET', '/health')).toMatchObject({
      status: 200,
      body: { status: 'ok', host: 'mac', version: '1.2.3' },
    });
    expect(await ask('GET', '/ready')).toMatchObject({
      status: 200,
      body: { ready: true, claims: { voters: ['mac'], required: 1 } },
    });
  });

  it('says to who asks through a proxy whether the proxy says so', async () => {
    const { node, ask } = await testNode();
    node.start();
    const forwarded = async (headers: Readonly<Record<string, string>>) =>
      ((await ask('GET', '/health', undefined, headers)).body as { forwarded: boolean }).forwarded;
    expect([await forwarded({}), await forwarded({ 'X-Forwarded-For': '203.0.113.9' })]).toEqual([false, true]);
  });

  it('says who it is', async () => {
    const { ask } = await testNode();
    const { body } = await ask('GET', '/api/hosts/identity');
    expect(body).toEqual({
      host: {
        id: 'mac',
        name: 'mac',
        url: SELF_URL,
        version: '1.2.3',
        publicKey: expect.stringMatching(/^[\w-]{43}$/),
        isSelf: true,
      },
    });
  });

  it('owns what was registered, and shows it in the index', async () => {
    const { node, ask, clock } = await testNode();
    node.start();
    await clock.settle();
    expect(await ask('POST', '/api/agents', TITANIA)).toMatchObject({
      status: 201,
      body: { agent: { name: 'titania', hostId: 'mac' } },
    });
    expect(await ask('GET', '/api/agents/email-index?address=TITANIA@X.COM')).toMatchObject({
      status: 200,
      body: { 'titania@x.com': { agentName: 'titania', hostUrl: SELF_URL } },
    });
  });

  it('has it all again after a crash', async () => {
    const before = await testNode();
    before.node.start();
    await before.clock.settle();
    await before.ask('POST', '/api/agents', TITANIA);
    const after = await testNode({ disk: before.store.crash() });
    expect((await after.ask('GET', '/api/agents')).body).toEqual({
      agents: [expect.objectContaining({ name: 'titania' })],
    });
    after.node.start();
    expect((await after.ask('POST', '/api/agents', { ...TITANIA, name: 'other' })).status).toBe(409);
  });

  it('goes to sleep when it is told to, leaving nothing behind', async () => {
    const { node, clock } = await testNode();
    node.start();
    await clock.settle();
    await node[Symbol.asyncDispose]();
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });
});

describe('a peer that is there', () => {
  it('is shown online, with when it was seen and how long it took', async () => {
    const { node, ask, clock } = await testNode({ peers: { cloud: () => ({ status: 404, body: {} }) } });
    node.start();
    await clock.advance(100);
    expect((await ask('GET', '/api/hosts')).body).toMatchObject({
      hosts: [
        {},
        {
          id: 'cloud',
          status: 'online',
          lastSeenAt: expect.any(String),
          rttMs: expect.any(Number),
          key: { state: 'unknown' },
        },
      ],
    });
  });

  it('is doubted when what it says is not believed', async () => {
    const forged = () => Promise.reject(new MeshError('peer_untrusted', 'Its key changed.'));
    const { node, ask, clock, log } = await testNode({ peers: { cloud: forged } });
    node.start();
    await clock.advance(100);
    expect((await ask('GET', '/api/hosts')).body).toMatchObject({
      hosts: [{}, { status: 'online', why: 'Its key changed.' }],
    });
    expect(log.named('peer.doubtful')).toHaveLength(1);
  });
});

describe('an edit of hosts.json', () => {
  it('changes whom it asks, and who votes, while nothing was claimed', async () => {
    const { node, ask, roster, clock } = await testNode();
    node.start();
    roster.edited(hostsText('mac', 'cloud'));
    await clock.settle();
    expect((await ask('GET', '/ready')).body).toMatchObject({ claims: { voters: ['cloud', 'mac'], required: 2 } });
  });

  it('that changes the voters of a host with claims leaves what is agreed in force until the new ones are heard', async () => {
    const { node, ask, roster, clock } = await testNode();
    node.start();
    await clock.settle();
    await ask('POST', '/api/agents', TITANIA);
    roster.edited(hostsText('mac', 'cloud'));
    const { status, body } = await ask('POST', '/api/agents', {
      name: 'puck',
      tools: { email: { addresses: [{ address: 'puck@x.com' }] } },
    });
    expect([status, body]).toMatchObject([201, { agent: { name: 'puck' } }]);
    expect((await ask('GET', '/api/hosts')).body).toMatchObject({
      mesh: {
        epoch: 1,
        voters: ['mac'],
        notes: [expect.stringMatching(/hosts\.json has voters cloud, mac, the mesh goes by mac until/)],
      },
    });
  });
});

describe('the routes between hosts', () => {
  it.each([
    ['POST', '/api/mesh/v1/claims/messages'],
    ['POST', '/api/mesh/v1/claims/questions'],
    ['GET', '/api/mesh/v1/unknown'],
  ])('%s %s hear nobody who does not sign', async (method, path) => {
    const { ask } = await testNode();
    expect(await ask(method, path, method === 'POST' ? { version: 1 } : undefined)).toMatchObject({
      status: 401,
      body: { error: 'signature_refused' },
    });
  });
});

describe('with MESH_READ_TOKEN', () => {
  const readToken = 'read-read-read-read-read';
  it('the index is not opened by a signature that nobody can verify', async () => {
    const { ask } = await testNode({ readToken, peers: { cloud: silent } });
    const forged = {
      'signature-input': 'mesh=("@method");keyid="cloud"',
      signature: 'mesh=:AAAA:',
      'mesh-from': 'cloud',
    };
    const other = { 'signature-input': 'sig1=("@method")', signature: 'sig1=:AAAA:' };
    for (const headers of [forged, other])
      expect((await ask('GET', '/api/agents/email-index', undefined, headers)).status).toBe(401);
  });

  it('the index is opened by the token, signed for other reasons or not', async () => {
    const { ask } = await testNode({ readToken });
    const bearer = { authorization: `Bearer ${readToken}` };
    for (const headers of [bearer, { ...bearer, 'signature-input': 'sig1=("@method")', signature: 'sig1=:AAAA:' }])
      expect((await ask('GET', '/api/agents/email-index', undefined, headers)).status).toBe(200);
  });
});
