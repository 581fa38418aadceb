// Whole nodes whose claims an engine kept before, or keeps now, and what a node says when it can not claim.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../mesh/errors.ts';
import { ScriptedEngine } from '../support/scripted-engine.ts';
import { type TestNodeOptions, testNode } from '../support/test-node.ts';

const silent = () => Promise.reject(new MeshError('peer_silent', 'Nobody is there.'));
const TITANIA = { name: 'titania', tools: { email: { addresses: [{ address: 'titania@x.com' }] } } };

describe('a node whose claims are kept elsewhere than before', () => {
  const OBERON = { id: 'oberon', name: 'oberon', tools: { email: { addresses: [{ address: 'oberon@x.com' }] } } };

  async function started(options: TestNodeOptions) {
    const node = await testNode(options);
    node.node.start();
    await node.clock.settle();
    return node;
  }

  it('without its engine: says so, and claims nothing', async () => {
    const before = await started({ engine: new ScriptedEngine() });
    expect((await before.ask('POST', '/api/agents', TITANIA)).status).toBe(201);
    const { ask } = await started({ disk: before.store.crash() });
    const message = expect.stringMatching(/claimed with an engine/);
    expect(await ask('GET', '/ready')).toMatchObject({ status: 503, body: { message } });
    expect(await ask('POST', '/api/agents', OBERON)).toMatchObject({ status: 503, body: { message } });
  });

  it('with an engine after the hosts’ own votes: says so, claims nothing, and goes on as before without it', async () => {
    const before = await started({});
    expect((await before.ask('POST', '/api/agents', TITANIA)).status).toBe(201);
    const during = await started({ disk: before.store.crash(), engine: new ScriptedEngine() });
    const message = expect.stringMatching(/None of the 1 addresses/);
    expect(await during.ask('POST', '/api/agents', OBERON)).toMatchObject({ status: 503, body: { message } });
    expect(await during.ask('GET', '/ready')).toMatchObject({ status: 503, body: { message } });
    const after = await started({ disk: during.store.crash() });
    expect(await after.ask('POST', '/api/agents', OBERON)).toMatchObject({ status: 201 });
  });

  it('without its engine: is in doubt about what it holds until the voters were asked, also through a restart', async () => {
    const before = await started({ engine: new ScriptedEngine() });
    await before.ask('POST', '/api/agents', TITANIA);
    expect(before.store.snapshot().get('conflicts/doubt')).toBeUndefined();
    const after = await started({ disk: before.store.crash() });
    const again = await started({ disk: after.store.crash() });
    expect([after, again].map(({ store }) => store.snapshot().get('conflicts/doubt'))).toEqual(['true', 'true']);
    expect(after.log.named('conflict.doubted')).toMatchObject([{ fields: { cause: 'left_engine' } }]);
  });
});

describe('what a node says of claims when it starts', () => {
  it('is nothing when it can claim, and else what is missing', async () => {
    const [lone, waiting] = [await testNode(), await testNode({ peers: { cloud: silent } })];
    for (const { node, clock } of [lone, waiting]) {
      node.start();
      await clock.settle();
    }
    expect(lone.node.whyNoClaims()).toBeUndefined();
    expect(waiting.node.whyNoClaims()).toMatch(/not formed yet.*cloud has not answered/);
  });
});
