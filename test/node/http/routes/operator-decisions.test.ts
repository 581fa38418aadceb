// What only an operator may decide about the mesh, as routes: bad input changes nothing, and what may be lost is said first.
import { describe, expect, it } from 'vitest';
import type { AddressKey } from '../../../../mesh/names.ts';
import { ScriptedEngine } from '../../../support/scripted-engine.ts';
import { never } from '../../../support/scripted-peers.ts';
import { hostsText, testNode } from '../../../support/test-node.ts';

const AGENT = { name: 'titania', tools: { email: { addresses: [{ address: 'titania@x.com' }] } } };

async function lone() {
  const node = await testNode();
  node.node.start();
  await node.clock.settle();
  await node.ask('POST', '/api/agents', AGENT);
  return node;
}

describe('a word of the operator', () => {
  it.each([
    ['join', { host: 'cloud' }, 'acceptLoss', /leaves its mesh.*concedes.*"acceptLoss": true/],
    ['recover', { voters: ['mac'] }, 'acceptLoss', /may be lost.*"acceptLoss": true/],
    ['join', { host: 'cloud', acceptLoss: 'yes' }, 'acceptLoss', /acceptLoss/],
    ['join', { host: '../etc', acceptLoss: true }, 'host', /host/],
    ['join', { acceptLoss: true }, 'host', /host/],
    ['recover', { voters: [], acceptLoss: true }, 'voters', /voters/],
    ['recover', { voters: Array(8).fill('mac'), acceptLoss: true }, 'voters', /voters/],
    ['evict', {}, 'host', /host/],
    ['evict', { host: 'cloud', now: true }, 'now', /now/],
  ])('to %s that is %j is refused for its %s', async (command, body, field, message) => {
    const { ask } = await lone();
    const before = (await ask('GET', '/api/hosts')).body;
    expect(await ask('POST', `/api/hosts/${command}`, body)).toMatchObject({
      status: 400,
      body: { field, message: expect.stringMatching(message) },
    });
    expect((await ask('GET', '/api/hosts')).body).toEqual(before);
  });

  it.each([
    ['join', { host: 'cloud', acceptLoss: true }, /'cloud' was not heard of lately/],
    ['recover', { voters: ['mac'], acceptLoss: true }, /majority of the voters answers/],
    ['evict', { host: 'cloud' }, /'cloud' never was a member/],
  ])('to %s that the mesh is not fit for is refused with the reason', async (command, body, message) => {
    const { ask } = await lone();
    expect(await ask('POST', `/api/hosts/${command}`, body)).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(message) },
    });
  });
});

describe('a word of the operator, with an engine', () => {
  const KEY = 'titania@x.com' as AddressKey;

  async function ofTwo() {
    const engine = new ScriptedEngine();
    const node = await testNode({ engine, peers: { cloud: never } });
    node.node.start();
    await node.clock.settle();
    const claimId = 'claim-of-cloud' as never;
    const owner = { hostId: 'cloud', agentId: 'a1', agentName: 'a1', claimId, since: '2026-01-27T12:00:00Z' } as never;
    engine.owners.set(KEY, owner);
    return { ...node, engine };
  }

  it('evicts a host once hosts.json lists it no more, and its addresses are free', async () => {
    const { ask, roster, clock } = await ofTwo();
    expect(await ask('POST', '/api/hosts/evict', { host: 'cloud' })).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(/'cloud' is a member of the mesh: take it out/) },
    });
    expect((await ask('POST', '/api/agents', AGENT)).status).toBe(409);
    roster.edited(hostsText('mac'));
    // What is asked at the very moment of that refusal is answered by it.
    await clock.advance(1);
    expect(await ask('POST', '/api/hosts/evict', { host: 'cloud' })).toMatchObject({
      status: 200,
      body: { evicted: 'cloud' },
    });
    expect(await ask('POST', '/api/agents', AGENT)).toMatchObject({ status: 201 });
    expect((await ask('POST', '/api/hosts/evict', { host: 'mac' })).status).toBe(400);
  });

  it('evicts nobody while the engine is away', async () => {
    const { ask, roster, engine } = await ofTwo();
    roster.edited(hostsText('mac'));
    engine.state = 'away';
    expect((await ask('POST', '/api/hosts/evict', { host: 'cloud' })).status).toBe(503);
    expect(engine.owners.has(KEY)).toBe(true);
  });

  it.each([
    ['join', { host: 'cloud', acceptLoss: true }],
    ['recover', { voters: ['mac'], acceptLoss: true }],
  ])('leaves %s to the tools of the engine', async (command, body) => {
    const { ask } = await ofTwo();
    expect(await ask('POST', `/api/hosts/${command}`, body)).toMatchObject({
      status: 400,
      body: { message: expect.stringMatching(/kept by an engine.*its own tools decide/) },
    });
  });
});
