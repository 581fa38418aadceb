// What becomes of the addresses that came back with a backup, by what the voters say of each.
import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import { RestoredSearch } from '../../../node/conflicts/restored-search.ts';
import { RestoredClaims, restoredWrite } from '../../../node/registry/restored-claims.ts';
import { conflictWorld, held, KEY, listed, OTHER } from '../../support/conflict-world.ts';

const B = 'b@x.com' as AddressKey;

/** A host whose two addresses came back with a backup, decided by `history` then. */
async function restoredWorld(history = 'memory') {
  const world = await conflictWorld();
  const { store, claims, registry, conflicts, clock, log } = world;
  const entries = registry.table.get('a1' as AgentId).addresses;
  await store.commit(entries.map(({ key, claimId }) => restoredWrite(key, { claimId, history })));
  const restored = await RestoredClaims.load(store);
  const search = new RestoredSearch({ restored, claims, conflicts, registry, clock, log });
  const stop = new AbortController();
  return { ...world, restored, entries, stop, begin: () => search.run(stop.signal) };
}

describe('an address that came back with a backup', () => {
  it('stays when the voters have it so, and is asked about once', async () => {
    const { begin, index, restored, store } = await restoredWorld();
    await begin();
    expect([held(index), restored.size, (await RestoredClaims.load(store)).size]).toEqual([
      ['a@x.com', 'b@x.com'],
      0,
      0,
    ]);
  });

  it('is given up when nobody has it, and told as removed', async () => {
    const { begin, index, claims, registry } = await restoredWorld();
    claims.owners.delete(KEY);
    await begin();
    expect([held(index), claims.owners.has(KEY)]).toEqual([['b@x.com'], false]);
    expect(await registry.changes.read(2, 1)).toMatchObject([{ changes: { removed: ['a@x.com'] } }]);
  });

  it('is claimed again when nobody has it in another mesh than had decided', async () => {
    const { begin, index, claims, entries } = await restoredWorld('an earlier mesh');
    claims.owners.clear();
    await begin();
    expect(held(index)).toEqual(['a@x.com', 'b@x.com']);
    expect(claims.owners.get(KEY)?.claimId).toBe(entries[0]?.claimId);
  });

  it('is conceded to who has it now, and kept for an operator', async () => {
    const { begin, index, claims, conflicts } = await restoredWorld();
    claims.owners.set(KEY, OTHER);
    await begin();
    expect(held(index)).toEqual(['b@x.com']);
    expect(listed(conflicts).conflicts).toMatchObject([{ address: 'a@x.com', owner: OTHER }]);
  });

  it('waits while the voters can’t be asked, and through a restart', async () => {
    const { begin, claims, clock, index, store, stop } = await restoredWorld();
    claims.owners.delete(KEY);
    claims.outage = {
      kind: 'unavailable',
      reason: 'no_majority',
      message: '',
      required: 2,
      reached: 1,
      hostsFailed: [],
    };
    const searching = begin();
    await clock.advance(10_000);
    expect([held(index), (await RestoredClaims.load(store)).size]).toEqual([['a@x.com', 'b@x.com'], 2]);
    claims.outage = undefined;
    await clock.advance(2_000);
    await searching;
    stop.abort();
    expect(held(index)).toEqual(['b@x.com']);
  });

  it('is let alone when its agent has it by another claim meanwhile', async () => {
    const { begin, index, claims, registry } = await restoredWorld();
    await registry.addresses.remove('a1' as AgentId, KEY);
    await registry.addresses.add('a1' as AgentId, { address: KEY });
    const now = claims.owners.get(KEY)?.claimId;
    await begin();
    expect([held(index), claims.owners.get(KEY)?.claimId]).toEqual([['a@x.com', 'b@x.com'], now]);
  });

  it('is not claimed again by a search for conflicts', async () => {
    const { store, claims, start, clock, index } = await conflictWorld(async ({ store, registry }) => {
      const entries = registry.table.get('a1' as AgentId).addresses;
      await store.commit(entries.map(({ key, claimId }) => restoredWrite(key, { claimId, history: 'memory' })));
    });
    claims.owners.delete(KEY);
    start();
    await clock.advance(1_000);
    expect([claims.confirmed, held(index), claims.owners.has(KEY)]).toEqual([[], ['a@x.com', 'b@x.com'], false]);
    expect((await RestoredClaims.load(store)).size).toBe(2);
  });
});

describe('what voters may know of a registry with such addresses', () => {
  const owner = {
    hostId: 'mac' as HostId,
    agentId: 'a1' as never,
    agentName: 'titania',
    since: '2026-01-01T00:00:00Z',
  };
  const owners = new Map([
    [KEY, { ...owner, claimId: 'c1' as never }],
    [B, { ...owner, claimId: 'c2' as never }],
  ]);
  const registry = {
    holder: (key: AddressKey) => owners.get(key),
    isEmpty: () => owners.size === 0,
    keys: () => owners.keys(),
  };

  async function shown(claimIds: Readonly<Record<string, string>>) {
    const { store } = await conflictWorld();
    const claims = Object.entries(claimIds).map(([key, claimId]) =>
      restoredWrite(key as AddressKey, { claimId: claimId as never }),
    );
    await store.commit(claims);
    const view = (await RestoredClaims.load(store)).hiddenFrom(registry);
    return [[...view.keys()], view.isEmpty(), view.holder(KEY)?.claimId];
  }

  it('is what it has by claims of its own', async () => {
    expect(await shown({})).toEqual([[KEY, B], false, 'c1']);
    expect(await shown({ [KEY]: 'c1' })).toEqual([[B], false, undefined]);
    expect(await shown({ [KEY]: 'c1', [B]: 'c2' })).toEqual([[], true, undefined]);
    expect(await shown({ [KEY]: 'an earlier claim' })).toEqual([[KEY, B], false, 'c1']);
  });
});
