// Claims beside hosts that take no part in them: what they say goes first, and they are shown what is being claimed.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import type { KeyedAddress, SpelledAddress } from '../../../mesh/lookup/index-entry.ts';
import type { LegacyOwner } from '../../../mesh/lookup/legacy-hosts.ts';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import { call, testRegistry } from '../../support/test-registry.ts';

const ID = 'a1' as AgentId;
const KEY = 'a@x.com' as AddressKey;
const unasked: () => Promise<LegacyOwner | undefined> = async () => undefined;

/** An agent, and legacy peers that answer as the test says. */
async function setUp() {
  const world = { ownerOf: unasked };
  const claimed: string[][] = [];
  const keysOf = (addresses: readonly KeyedAddress[]) => addresses.map(({ key }) => key as string);
  const legacy = {
    ownerOf: () => world.ownerOf(),
    claimed: (addresses: readonly KeyedAddress[]) => void claimed.push(keysOf(addresses)),
  };
  const node = await testRegistry({ legacy });
  await node.registry.agents.create({ id: ID, name: 'titania' });
  const add = () => call(node.app, 'POST', `/api/agents/${ID}/email/addresses`, { address: 'a@x.com' });
  return { ...node, world, claimed, add };
}

describe('an address that a legacy host has', () => {
  it('is refused with its owner, and the voters are not asked', async () => {
    const { world, claims, claimed, add, registry } = await setUp();
    world.ownerOf = async () => ({ key: KEY, hostId: 'old' as HostId, agentName: 'oberon' });
    const { status, body, headers } = await add();
    expect([status, body]).toMatchObject([409, { claimedBy: { agentName: 'oberon', hostId: 'old' } }]);
    expect([headers.get('mesh-claim-id'), claims.asked, claimed, registry.claims.pending(KEY)]).toEqual([
      null,
      [],
      [],
      undefined,
    ]);
  });

  it('is refused 503 while one does not answer, and nothing is claimed', async () => {
    const { world, claims, add, registry } = await setUp();
    const silent = new MeshError('uniqueness_unavailable', 'old could not be asked.', { retryAfterSeconds: 2 });
    world.ownerOf = async () => Promise.reject(silent);
    const { status, headers } = await add();
    expect([status, headers.get('retry-after'), claims.asked, registry.claims.pending(KEY)]).toEqual([
      503,
      '2',
      [],
      undefined,
    ]);
  });
});

describe('legacy hosts', () => {
  it.each([
    ['an address is added', 'POST', `/api/agents/${ID}/email/addresses`, { address: 'Oberon@X.com' }],
    [
      'an agent is made',
      'POST',
      '/api/agents',
      { name: 'b', tools: { email: { addresses: [{ address: 'Oberon@X.com' }] } } },
    ],
    [
      'an agent is changed',
      'PATCH',
      `/api/agents/${ID}`,
      { tools: { email: { addresses: [{ address: 'Oberon@X.com' }] } } },
    ],
  ])('are told how an address was spelled when %s', async (_, method, path, body) => {
    const told: unknown[] = [];
    const tell = (addresses: readonly SpelledAddress[]) => void told.push(addresses);
    const legacy = {
      ownerOf: async (addresses: readonly SpelledAddress[]) => tell(addresses) ?? undefined,
      claimed: tell,
    };
    const { registry, app } = await testRegistry({ legacy });
    await registry.agents.create({ id: ID, name: 'titania' });
    expect((await call(app, method, path, body)).status).toBeLessThan(300);
    const spelled = [{ address: 'oberon@x.com', key: 'oberon@x.com', given: 'Oberon@X.com' }];
    expect(told.filter((addresses) => (addresses as unknown[]).length > 0)).toEqual([spelled, spelled]);
  });
});

describe('while a claim is made', () => {
  it('it is pending from before legacy hosts are asked until it is in the index', async () => {
    const { world, claims, clock, index, registry, claimed, add } = await setUp();
    const gate = Promise.withResolvers<undefined>();
    world.ownerOf = () => gate.promise;
    const added = add();
    await clock.settle();
    expect(registry.claims.pending(KEY)).toMatchObject({ agent: { name: 'titania' }, entry: { address: 'a@x.com' } });
    claims.stall();
    gate.resolve(undefined);
    await clock.settle();
    expect([claims.asked, registry.claims.pending(KEY) !== undefined, claimed]).toEqual([[['a@x.com']], true, []]);
    claims.resume();
    expect((await added).status).toBe(201);
    expect([registry.claims.pending(KEY), index.byAddress(KEY) !== undefined, claimed]).toEqual([
      undefined,
      true,
      [['a@x.com']],
    ]);
  });

  it('it is still pending while its commit waits for the disk', async () => {
    const { clock, store, index, registry, add } = await setUp();
    store.stall();
    const added = add();
    await clock.settle();
    expect([index.byAddress(KEY), registry.claims.pending(KEY) !== undefined]).toEqual([undefined, true]);
    store.resume();
    expect((await added).status).toBe(201);
  });
});
