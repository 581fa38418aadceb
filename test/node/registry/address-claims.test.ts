import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import { testRegistry } from '../../support/test-registry.ts';

const AGENTS = ['a0', 'a1', 'a2', 'a3', 'a4'] as AgentId[];

/** Five agents, and an address that another host owns. */
async function contested() {
  const node = await testRegistry();
  for (const id of AGENTS) await node.registry.agents.create({ name: id, id });
  const owner = {
    hostId: 'cloud' as HostId,
    agentId: 'x' as AgentId,
    agentName: 'oberon',
    claimId: 'claim-x1' as ClaimId,
    since: '2026-01-27T12:00:00Z',
  };
  node.claims.owners.set('taken@x.com' as AddressKey, owner);
  const add = (id: AgentId) =>
    node.registry.addresses.add(id, { address: 'taken@x.com' }).catch((error: unknown) => error);
  return { ...node, add };
}

describe('many who want one address at once', () => {
  it('are all told who owns it for one question to the voters', async () => {
    const { claims, clock, add } = await contested();
    claims.stall();
    const asked = Promise.all(AGENTS.map(add));
    await clock.settle();
    claims.resume();
    for (const refusal of await asked)
      expect(refusal).toMatchObject({
        code: 'conflict',
        extra: { claimedBy: { agentName: 'oberon', hostId: 'cloud' } },
      });
    expect(claims.asked).toEqual([['taken@x.com']]);
  });

  it('and who comes later asks again, for the owner may have let it go', async () => {
    const { claims, clock, registry, add } = await contested();
    await add(AGENTS[0] as AgentId);
    claims.owners.clear();
    await clock.advance(1);
    expect(await registry.addresses.add(AGENTS[1] as AgentId, { address: 'taken@x.com' })).toMatchObject({
      isNew: true,
    });
  });
});

describe('asking the voters about what is held', () => {
  const KEYS = ['kept@x.com', 'other@x.com'] as AddressKey[];
  const [kept, other] = KEYS as [AddressKey, AddressKey];
  const [first, second] = AGENTS as [AgentId, AgentId];

  /** An agent that holds one address, on a disk that can be made to wait; and another agent. */
  async function holding() {
    const node = await testRegistry();
    for (const id of [first, second]) await node.registry.agents.create({ name: id, id });
    await node.registry.addresses.add(first, { address: kept });
    return node;
  }

  it('waits for its turn, and does not ask about an address that is released meanwhile', async () => {
    const { registry, claims, store, clock } = await holding();
    store.stall();
    const removed = registry.addresses.remove(first, kept);
    await clock.settle();
    const asked = registry.addresses.confirm(KEYS);
    await clock.settle();
    expect(claims.confirmed).toEqual([]);
    store.resume();
    await removed;
    expect(await asked).toEqual([]);
    expect([claims.confirmed, claims.owners.size]).toEqual([[], 0]);
  });

  it('leaves out what is claimed while it waits: that is not its turn', async () => {
    const { registry, claims, clock } = await holding();
    const isLetGo = Promise.withResolvers<void>();
    const confirm = claims.confirm.bind(claims);
    claims.confirm = async (held) => {
      await isLetGo.promise;
      return confirm(held);
    };
    const inHand = registry.addresses.confirm([kept]);
    await clock.settle();
    const asked = registry.addresses.confirm(KEYS);
    await clock.settle();
    await registry.addresses.add(second, { address: other });
    isLetGo.resolve();
    await Promise.all([inHand, asked]);
    expect(claims.confirmed).toEqual([[kept], [kept]]);
  });
});
