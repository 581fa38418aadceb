// GET /metrics of a whole node: what its parts were seen to do, to whom it is told, and what stands in no label.
import { describe, expect, it } from 'vitest';
import { sendConfig } from '../../../support/mail.ts';
import { says } from '../../../support/scripted-peers.ts';
import { type TestNode, type TestNodeOptions, testNode } from '../../../support/test-node.ts';

const TOKEN = 'write-token-0123456';
const READ_TOKEN = 'read-token-01234567';

/** A node that has been started, and what it measures: samples without their values, and the values by sample. */
async function setUp(options: TestNodeOptions = {}) {
  const node = await testNode(options);
  node.node.start();
  await node.clock.settle();
  return { ...node, values: () => valuesOf(node) };
}

async function valuesOf({ node }: Pick<TestNode, 'node'>): Promise<Readonly<Record<string, number>>> {
  const response = await node.fetch(new Request('http://localhost/metrics', { headers: { host: 'localhost' } }));
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const lines = (await response.text()).split('\n').filter((line) => /^[a-z]/.test(line));
  return Object.fromEntries(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.replace(/^.* /, ''))]));
}

const agentWith = (address: string) => ({ name: 'titania', tools: { email: { addresses: [{ address }] } } });

describe('GET /metrics', () => {
  it('counts claims by their outcome', async () => {
    const { ask, values } = await setUp();
    const before = await values();
    expect(before['mesh_claim_seconds_count{outcome="held"}']).toBe(0);
    expect((await ask('POST', '/api/agents', agentWith('titania@x.com'))).status).toBe(201);
    const after = await values();
    expect(after['mesh_claim_seconds_count{outcome="held"}']).toBe(1);
    expect([after.mesh_agents, after.mesh_registers, after.mesh_claims_ready]).toEqual([1, 1, 1]);
  });

  it('counts look-ups by their mode', async () => {
    const { ask, values } = await setUp({ peers: { cloud: says({}) } });
    const index = '/api/agents/email-index?address=nobody@x.com';
    for (const query of ['', '&federated=true', '&federated=true&mode=verify', '&federated=true&mode=index'])
      await ask('GET', index + query);
    await ask('GET', index, undefined, { 'x-federated-query': 'true' });
    const after = await values();
    for (const mode of ['host', 'everybody', 'verify', 'index', 'peer'])
      expect([mode, after[`mesh_lookup_seconds_count{mode="${mode}"}`]]).toEqual([mode, 1]);
  });

  it('tells of each peer that hosts.json lists, and of no other', async () => {
    const { values, roster } = await setUp({ peers: { cloud: says({}), mini: says({}) } });
    const hosts = async () =>
      Object.keys(await values()).flatMap((name) => /^mesh_peer_up\{host="(.*)"\}$/.exec(name)?.[1] ?? []);
    expect(await hosts()).toEqual(['cloud', 'mini']);
    roster.edited(JSON.stringify({ hosts: [{ id: 'mac', url: 'http://127.0.0.1:23000' }] }));
    expect(await hosts()).toEqual([]);
  });

  it('counts messages by their state', async () => {
    const { values } = await setUp({ send: sendConfig() });
    expect((await values())['mesh_messages{state="sent"}']).toBe(0);
  });

  it('has no address, no agent and no URL in a label', async () => {
    const { ask, values } = await setUp();
    await ask('POST', '/api/agents', { id: 'agent-7', ...agentWith('queen@x.com') });
    await ask('POST', '/api/webhooks', { url: 'http://127.0.0.1:9/hook', events: ['agent.created'] });
    await ask('GET', '/api/agents/email-index?address=queen@x.com');
    const after = await values();
    expect(after['mesh_subscriptions{state="enabled"}']).toBe(1);
    for (const name of Object.keys(after)) expect(name).not.toMatch(/titania|queen|agent-7|http/);
  });

  it('has as many series after a thousand addresses as before', async () => {
    const { ask, values } = await setUp();
    const before = Object.keys(await values());
    for (let at = 0; at < 1_000; at += 1) await ask('GET', `/api/agents/email-index?address=a${at}@x.com`);
    expect(Object.keys(await values())).toEqual(before);
  });
});

describe('GET /metrics where reading is guarded', () => {
  it('is for who may read', async () => {
    const { ask, node } = await setUp({ token: TOKEN, readToken: READ_TOKEN });
    const operator = { authorization: `Bearer ${TOKEN}` };
    const keyOf = async (scope: string) => {
      const { body } = await ask('POST', '/api/keys', { name: scope, scopes: [scope] }, operator);
      return (body as { secret: string }).secret;
    };
    const status = async (shown?: string) => {
      const headers = { host: 'localhost', ...(shown === undefined ? {} : { authorization: `Bearer ${shown}` }) };
      return (await node.fetch(new Request('http://localhost/metrics', { headers }))).status;
    };
    expect(await status()).toBe(401);
    expect(await status(READ_TOKEN)).toBe(200);
    expect(await status(await keyOf('read'))).toBe(200);
    expect(await status(await keyOf('send'))).toBe(403);
  });
});
