// A whole node without sockets whose peers do not answer: what it shows of them, and what it refuses meanwhile.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
import { testNode } from '../support/test-node.ts';

const silent = () => Promise.reject(new MeshError('peer_silent', 'Nobody is there.'));
const TITANIA = { name: 'titania', tools: { email: { addresses: [{ address: 'titania@x.com' }] } } };

describe('a node whose peers are silent', () => {
  it('is not ready, and says what is missing', async () => {
    const { node, ask, clock } = await testNode({ peers: { cloud: silent, mini: silent } });
    node.start();
    await clock.advance(1_000);
    expect(await ask('GET', '/ready')).toMatchObject({
      status: 503,
      body: {
        error: 'uniqueness_unavailable',
        ready: false,
        message: expect.stringMatching(/cloud, mini have not answered/),
      },
    });
  });

  it('answers a claim 503 with Retry-After, and keeps nothing of it', async () => {
    const { node, ask, clock } = await testNode({ peers: { cloud: silent, mini: silent } });
    node.start();
    const asked = ask('POST', '/api/agents', TITANIA);
    await clock.advance(6_000);
    const { status, headers, body } = await asked;
    expect([status, headers.get('retry-after'), body]).toMatchObject([
      503,
      expect.any(String),
      { error: 'uniqueness_unavailable', reason: 'forming', required: 2, hostsFailed: ['cloud', 'mini'] },
    ]);
    expect((await ask('GET', '/api/agents')).body).toEqual({ agents: [] });
  });

  it('shows them offline, and tells its log once', async () => {
    const { node, ask, clock, log } = await testNode({ peers: { cloud: silent } });
    node.start();
    await clock.advance(60_000);
    const { body } = await ask('GET', '/api/hosts');
    expect(body).toMatchObject({
      hosts: [
        { id: 'mac', isSelf: true, status: 'online', votes: true },
        { id: 'cloud', isSelf: false, status: 'offline', why: 'Nobody is there.' },
      ],
    });
    expect(log.named('peer.lost')).toHaveLength(1);
  });

  it('asks one whose channel ended at once', async () => {
    const cloud = () => ({ status: 200, body: {} });
    const { node, clock, peers, loseChannel } = await testNode({ peers: { cloud }, engine: new ScriptedEngine() });
    node.start();
    await clock.advance(3_000);
    const before = peers.asked.length;
    loseChannel('cloud' as HostId);
    await clock.settle();
    expect([before > 0, peers.asked.length]).toEqual([true, before + 1]);
  });

  it('names them in a federated answer', async () => {
    const { ask } = await testNode({ peers: { cloud: silent } });
    const { body } = await ask('GET', '/api/agents/email-index?federated=true');
    expect(body).toMatchObject({ emails: {}, meta: { hostsQueried: 2, hostsSucceeded: 1, hostsFailed: ['cloud'] } });
  });
});
