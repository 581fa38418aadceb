// What only an operator may decide about the mesh, as routes: bad input changes nothing, and what may be lost is said first.
import { describe, expect, it } from 'vitest';
import { testNode } from '../../../support/test-node.ts';

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
    ['join', { host: 'cloud' }, 'acceptLoss', /leaves its mesh.*gives way.*"acceptLoss": true/],
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
