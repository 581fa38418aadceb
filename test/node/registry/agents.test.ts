import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId } from '../../../mesh/names.ts';
import { LOCK_WAIT_MS_MAX } from '../../../node/registry/registry-parts.ts';
import type { NewAgent } from '../../../node/registry/schemas.ts';
import { type TestRegistry, testRegistry } from '../../support/test-registry.ts';

const id = (text: string) => text as AgentId;
const key = (text: string) => text as AddressKey;
const agent = (name: string, ...addresses: readonly string[]): NewAgent => ({
  name,
  id: id(name),
  tools: { email: { addresses: addresses.map((address) => ({ address })) } },
});
const list = (...addresses: readonly string[]) => ({
  tools: { email: { addresses: addresses.map((address) => ({ address })) } },
});

/** How each ended: `ok` or the code of its error. */
async function outcomes(mutations: readonly Promise<unknown>[]): Promise<readonly string[]> {
  return Promise.all(
    mutations.map((mutation) =>
      mutation.then(
        () => 'ok',
        (error: { code?: string }) => error.code ?? String(error),
      ),
    ),
  );
}

describe('mutations of many agents at once', () => {
  it('never wait for each other in a circle, whatever addresses they exchange', async () => {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one', 'a@x.com', 'b@x.com'));
    await node.registry.agents.create(agent('two', 'c@x.com', 'd@x.com'));
    const swaps = [
      node.registry.agents.patch(id('one'), list('d@x.com', 'c@x.com')),
      node.registry.agents.patch(id('two'), list('b@x.com', 'a@x.com')),
      node.registry.agents.patch(id('one'), list('a@x.com', 'c@x.com')),
      node.registry.agents.remove(id('two')),
      node.registry.agents.patch(id('one'), { name: 'two' }),
      node.registry.agents.create(agent('three', 'd@x.com', 'b@x.com')),
    ];
    const ended = await outcomes(swaps);
    expect(ended.every((outcome) => ['ok', 'conflict', 'name_taken'].includes(outcome))).toBe(true);
    expect([...node.claims.owners.keys()].sort()).toEqual(
      node.registry.table
        .list()
        .flatMap((one) => one.addresses.map((entry) => entry.key))
        .sort(),
    );
    expect(node.clock.sleepers).toBe(0);
  });

  it('give a name that two ask for at once to one of them', async () => {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one'));
    await node.registry.agents.create(agent('two'));
    node.claims.stall();
    const rename = (name: string) => node.registry.agents.patch(id(name), { name: 'three', ...list(`${name}@x.com`) });
    const ended = outcomes([rename('one'), rename('two'), node.registry.agents.create(agent('three'))]);
    await node.clock.settle();
    node.claims.resume();
    expect(await ended).toEqual(['ok', 'name_taken', 'name_taken']);
    expect([...node.claims.owners.keys()]).toEqual(['one@x.com']);
  });

  it('let an agent be changed while another’s claim hangs', async () => {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one'));
    await node.registry.agents.create(agent('two'));
    node.claims.stall();
    const slow = node.registry.addresses.add(id('one'), { address: 'a@x.com' });
    expect((await node.registry.agents.patch(id('two'), { label: 'Two' })).agent.label).toBe('Two');
    node.claims.resume();
    expect((await slow).isNew).toBe(true);
  });

  it('end in time when the one before them hangs: nothing was begun', async () => {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one'));
    await node.registry.agents.create(agent('two'));
    node.claims.stall();
    const slow = node.registry.addresses.add(id('one'), { address: 'a@x.com' });
    const behind = outcomes([
      node.registry.addresses.add(id('one'), { address: 'b@x.com' }),
      node.registry.addresses.add(id('two'), { address: 'a@x.com' }),
    ]);
    await node.clock.advance(LOCK_WAIT_MS_MAX);
    expect(await behind).toEqual(['overloaded', 'overloaded']);
    node.claims.resume();
    expect((await slow).isNew).toBe(true);
    expect(await outcomes([node.registry.addresses.add(id('two'), { address: 'c@x.com' })])).toEqual(['ok']);
  });

  it.each([
    ['its address', (node: TestRegistry) => node.registry.addresses.remove(id('one'), 'a@x.com')],
    ['its list', (node: TestRegistry) => node.registry.agents.patch(id('one'), { tools: null })],
    ['the agent itself', (node: TestRegistry) => node.registry.agents.remove(id('one'))],
  ])('give the agent free, but not the address, until the voters have heard that %s is gone', async (what, remove) => {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one', 'a@x.com'));
    await node.registry.agents.create(agent('two'));
    const released = Promise.withResolvers<'confirmed'>();
    node.claims.release = () => released.promise;
    const removal = remove(node);
    await node.clock.settle();
    const change = node.registry.agents.patch(id('one'), { label: 'One' });
    expect(await outcomes([change])).toEqual([what === 'the agent itself' ? 'not_found' : 'ok']);
    const claim = node.registry.addresses.add(id('two'), { address: 'a@x.com' });
    await node.clock.settle();
    expect(node.claims.asked).toHaveLength(1);
    node.claims.owners.clear();
    released.resolve('confirmed');
    await removal;
    expect((await claim).isNew).toBe(true);
  });
});

describe('mutations of one agent at once', () => {
  it('take turns: none overwrites another', async () => {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one', 'a@x.com', 'b@x.com'));
    await Promise.all([
      node.registry.addresses.patch(id('one'), 'a@x.com', { displayName: 'A' }),
      node.registry.addresses.patch(id('one'), 'b@x.com', { displayName: 'B' }),
      node.registry.agents.patch(id('one'), { label: 'One' }),
      node.registry.addresses.add(id('one'), { address: 'c@x.com' }),
      node.registry.addresses.remove(id('one'), 'a@x.com'),
    ]);
    const { label, addresses, sequence } = node.registry.table.get(id('one'));
    expect([label, addresses.map((entry) => `${entry.address} ${entry.displayName}`)]).toEqual([
      'One',
      ['b@x.com B', 'c@x.com undefined'],
    ]);
    const entries = await node.registry.changes.read(0, 100);
    expect(entries.map((entry) => entry.sequence)).toEqual(Array.from({ length: sequence }, (_, at) => at + 1));
  });
});

describe('what is not durable', () => {
  async function withHeldDisk() {
    const node = await testRegistry();
    await node.registry.agents.create(agent('one', 'a@x.com'));
    node.store.stall();
    return node;
  }
  const shown = (node: TestRegistry) => [
    node.registry.table.list(),
    node.registry.changes.head,
    Buffer.from(node.index.bytes().body).toString(),
    node.index.holder(key('b@x.com')),
  ];

  it('is not shown: not the agent, not its addresses, not its events', async () => {
    const node = await withHeldDisk();
    const before = shown(node);
    const mutations = [
      node.registry.agents.create(agent('two', 'b@x.com')),
      node.registry.agents.patch(id('one'), { label: 'One' }),
    ];
    await node.clock.settle();
    expect(shown(node)).toEqual(before);
    node.store.resume();
    await Promise.all(mutations);
    expect(node.registry.table.list()).toMatchObject([{ label: 'One' }, { name: 'two' }]);
    expect(node.registry.changes.head).toBe(5);
  });

  it('is never shown when the disk fails, and the client is told so', async () => {
    const node = await withHeldDisk();
    const before = shown(node);
    const mutations = [node.registry.agents.create(agent('two', 'b@x.com')), node.registry.agents.remove(id('one'))];
    node.store.breakDisk(new Error('no space left on device'));
    node.store.resume();
    expect(await outcomes(mutations)).toEqual(['store_failed', 'store_failed']);
    expect(shown(node)).toEqual(before);
    expect(await outcomes([node.registry.agents.patch(id('one'), { label: 'x' })])).toEqual(['store_failed']);
  });
});
