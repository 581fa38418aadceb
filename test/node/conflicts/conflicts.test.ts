// Two claims of one address: which one is conceded, that nothing of it is lost, and what an operator can do.
import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import { Conflicts } from '../../../node/conflicts/conflicts.ts';
import { conflictWorld, held, KEY, listed, OTHER } from '../../support/conflict-world.ts';
import { call } from '../../support/test-registry.ts';

describe('a host that holds what the voters gave to another', () => {
  it('concedes when its data is in doubt: the address leaves every answer, is told as removed, and is kept as it was', async () => {
    const { claims, index, registry, conflicts, clock, start } = await conflictWorld();
    claims.owners.set(KEY, OTHER);
    start();
    await clock.advance(1_000);
    expect(held(index)).toEqual(['b@x.com']);
    expect(listed(conflicts).conflicts).toMatchObject([
      { address: 'a@x.com', agentId: 'a1', displayName: 'Titania', primary: true, owner: OTHER },
    ]);
    expect(await registry.changes.read(2, 100)).toMatchObject([
      { event: 'agent.email.changed', changes: { removed: ['a@x.com'] } },
      { event: 'agent.updated' },
    ]);
    expect(claims.owners.get(KEY)).toEqual(OTHER);
  });

  it('knows of it after a restart, and forgets it when an operator lets the other have it', async () => {
    const { claims, clock, start, store, registry, restored, log, conflicts } = await conflictWorld();
    claims.owners.set(KEY, OTHER);
    start();
    await clock.advance(1_000);
    const again = await Conflicts.open({ store, registry, restored, clock, log });
    expect(listed(again).conflicts).toEqual(listed(conflicts).conflicts);
    await again.resolve(KEY, 'theirs');
    expect(listed(await Conflicts.open({ store, registry, restored, clock, log })).conflicts).toEqual([]);
    await expect(again.resolve(KEY, 'theirs')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('takes it back by an operator’s word, once the other has given it up', async () => {
    const { claims, clock, start, conflicts, registry } = await conflictWorld();
    claims.owners.set(KEY, OTHER);
    start();
    await clock.advance(1_000);
    await expect(conflicts.resolve(KEY, 'mine')).rejects.toMatchObject({ code: 'conflict' });
    expect(listed(conflicts).conflicts.length).toBe(1);
    claims.owners.delete(KEY);
    await clock.advance(1_000);
    await conflicts.resolve(KEY, 'mine');
    expect(registry.addresses.get('a1' as never, 'a@x.com')).toMatchObject({ displayName: 'Titania', primary: true });
    expect(listed(conflicts).conflicts).toEqual([]);
  });

  it('has its own claim released, which may linger at a voter, and remembers to through a crash', async () => {
    const { claims, clock, start, store, index } = await conflictWorld();
    const claimId = index.holder(KEY)?.source.claimId;
    claims.owners.set(KEY, OTHER);
    claims.releases = 'pending';
    start();
    await clock.advance(1_000);
    expect([claims.status().unsettled, store.snapshot().has(`claim/${claimId}`)]).toEqual([1, false]);
  });

  it('does not take again what is released while the voters are asked about it', async () => {
    const { claims, clock, start, registry } = await conflictWorld();
    const answered = Promise.withResolvers<void>();
    const confirm = claims.confirm.bind(claims);
    claims.confirm = async (asked) => {
      await answered.promise;
      return confirm(asked);
    };
    start();
    await clock.settle();
    const released = registry.addresses.remove('a1' as never, KEY);
    await clock.settle();
    answered.resolve();
    await clock.advance(1_000);
    expect([(await released).releasing, claims.owners.has(KEY)]).toEqual([[], false]);
  });

  it('takes again what the voters have forgotten', async () => {
    const { claims, clock, start, index } = await conflictWorld();
    const before = claims.owners.get(KEY);
    claims.owners.delete(KEY);
    start();
    await clock.advance(1_000);
    expect([claims.owners.get(KEY), held(index)]).toEqual([before, ['a@x.com', 'b@x.com']]);
  });

  it('waits while the voters can not be asked, also through a restart, and looks again only when it is in doubt again', async () => {
    const { claims, clock, start, index, search, store } = await conflictWorld();
    const outage = {
      kind: 'unavailable',
      reason: 'no_majority',
      message: 'x',
      required: 2,
      reached: 1,
      hostsFailed: [],
    } as const;
    claims.outage = outage;
    start();
    await clock.advance(20_000);
    expect([held(index).length, store.snapshot().get('conflicts/doubt')]).toEqual([2, 'true']);
    claims.outage = undefined;
    await clock.advance(10_000);
    expect(store.snapshot().get('conflicts/doubt')).toBeUndefined();
    claims.owners.set(KEY, OTHER);
    await clock.advance(20_000);
    expect(held(index).length).toBe(2);
    search.doubt('joined');
    await clock.advance(10_000);
    expect(held(index)).toEqual(['b@x.com']);
  });
});

describe('the list of conflicts', () => {
  /** `a@x.com` is undecided over two hosts, `b@x.com` over one; `c@x.com` is one that this host conceded. */
  async function three() {
    const world = await conflictWorld();
    const { conflicts, claims, clock, app, start } = world;
    await call(app, 'POST', '/api/agents/a1/email/addresses', { address: 'c@x.com' });
    claims.owners.set('c@x.com' as AddressKey, OTHER);
    start();
    await clock.advance(1_000);
    conflicts.doubled('b@x.com' as AddressKey, 'cloud' as HostId);
    conflicts.doubled(KEY, 'cloud' as HostId);
    conflicts.doubled(KEY, 'desk' as HostId);
    return world;
  }
  const shown = ({ conflicts, undecided, nextCursor }: ReturnType<Conflicts['page']>) => ({
    conceded: conflicts.map(({ key }) => key),
    undecided: undecided.map(({ key, hostId }) => `${key} at ${hostId}`),
    nextCursor,
  });

  it('comes in pages, in the order of the addresses, each with all that is known of it', async () => {
    const { conflicts } = await three();
    const two = conflicts.page({ limit: 2 });
    expect(shown(two)).toEqual({
      conceded: [],
      undecided: ['a@x.com at cloud', 'a@x.com at desk', 'b@x.com at cloud'],
      nextCursor: 'b@x.com',
    });
    expect(shown(conflicts.page({ limit: 2, cursor: two.nextCursor }))).toEqual({
      conceded: ['c@x.com'],
      undecided: [],
      nextCursor: undefined,
    });
    expect(shown(conflicts.page({ limit: 3 })).nextCursor).toBeUndefined();
  });

  it('tells of one address whether it is in it, until somebody has decided', async () => {
    const { conflicts } = await three();
    const isIn = (address: string) => conflicts.has(address as AddressKey);
    expect(['a@x.com', 'b@x.com', 'c@x.com', 'd@x.com'].map(isIn)).toEqual([true, true, true, false]);
    await conflicts.resolve(KEY, 'theirs');
    await conflicts.resolve('c@x.com' as AddressKey, 'theirs');
    expect(['a@x.com', 'c@x.com'].map(isIn)).toEqual([false, false]);
  });

  it('goes on after an address that is no conflict any more', async () => {
    const { conflicts } = await three();
    const { nextCursor } = conflicts.page({ limit: 1 });
    await conflicts.resolve(KEY, 'theirs');
    expect(shown(conflicts.page({ limit: 1, cursor: nextCursor })).undecided).toEqual(['b@x.com at cloud']);
  });

  it('of a hundred thousand that a peer shows is a page too', async () => {
    const { store, registry, restored, clock, log } = await conflictWorld();
    const holderOf = () => registry.table.find('a1' as AgentId);
    const all = { ...registry, table: { holderOf } };
    const conflicts = await Conflicts.open({ store, registry: all, restored, clock, log });
    const keys = Array.from({ length: 100_000 }, (_, at) => `a${(at * 7_919) % 100_000}@x.com` as AddressKey);
    conflicts.seenAt('desk' as HostId, keys);
    const { undecided, nextCursor } = conflicts.page({ limit: 200, cursor: 'a5' });
    const expected = keys
      .filter((key) => key > 'a5')
      .sort()
      .slice(0, 200);
    expect([undecided.map(({ key }) => key), nextCursor]).toEqual([expected, expected.at(-1)]);
  });
});
