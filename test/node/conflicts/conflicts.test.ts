// Two claims of one address: which one is conceded, that nothing of it is lost, and what an operator can do.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { PeerAnswer, PeerRequest } from '../../../mesh/ports.ts';
import { ConflictSearch } from '../../../node/conflicts/conflict-search.ts';
import { Conflicts } from '../../../node/conflicts/conflicts.ts';
import { call, testRegistry } from '../../support/test-registry.ts';

const KEY = 'a@x.com' as AddressKey;
const OTHER: Owner = {
  hostId: 'cloud' as HostId,
  agentId: 'o1' as never,
  agentName: 'oberon',
  claimId: 'claim-of-oberon' as never,
  since: '2026-01-01T00:00:00Z',
};

/** A host whose agent holds `a@x.com` and `b@x.com`, and its conflicts. */
async function setUp() {
  const world = {
    ...(await testRegistry()),
    isOutside: false,
    peers: ['cloud' as HostId],
    said: undefined as string | undefined,
  };
  await call(world.app, 'POST', '/api/agents', {
    id: 'a1',
    name: 'titania',
    tools: { email: { addresses: [{ address: 'a@x.com', displayName: 'Titania' }, { address: 'b@x.com' }] } },
  });
  const { store, registry, clock, log, claims, index } = world;
  const conflicts = await Conflicts.open({ store, registry, clock, log });
  const asked: PeerRequest[] = [];
  let answer: () => PeerAnswer = () => ({ status: 200, body: {}, etag: '"1"' });
  const search = new ConflictSearch({
    ...{ store, conflicts, clock, log },
    keys: () => index.keys(),
    holds: (key) => index.holder(key) !== undefined,
    isReady: () => claims.outage === undefined,
    keyOf: (address) => address.toLowerCase() as AddressKey,
    peers: () => world.peers,
    isOutside: () => world.isOutside,
    version: () => index.version,
    indexOf: () => world.said,
    transport: {
      ask: async (request) => {
        asked.push(request);
        return answer();
      },
    },
  });
  const answering = (next: () => PeerAnswer) => {
    answer = next;
  };
  const stop = new AbortController();
  const start = () => {
    search.doubt();
    void search.run(stop.signal);
  };
  const outside = () => {
    world.isOutside = true;
  };
  /** By itself, in the heartbeat. */
  const says = (index: string | undefined) => {
    world.said = index;
  };
  return { ...world, outside, says, conflicts, search, asked, answering, start, stop };
}

const listed = (conflicts: Conflicts) => conflicts.page({ limit: 100 });
const held = (index: { keys(): readonly AddressKey[] }) => [...index.keys()].sort();

describe('a host that holds what the voters gave to another', () => {
  it('concedes when its data is in doubt: the address leaves every answer, is told as removed, and is kept as it was', async () => {
    const { claims, index, registry, conflicts, clock, start } = await setUp();
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
    const { claims, clock, start, store, registry, log, conflicts } = await setUp();
    claims.owners.set(KEY, OTHER);
    start();
    await clock.advance(1_000);
    const again = await Conflicts.open({ store, registry, clock, log });
    expect(listed(again).conflicts).toEqual(listed(conflicts).conflicts);
    await again.resolve(KEY, 'theirs');
    expect(listed(await Conflicts.open({ store, registry, clock, log })).conflicts).toEqual([]);
    await expect(again.resolve(KEY, 'theirs')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('takes it back by an operator’s word, once the other has given it up', async () => {
    const { claims, clock, start, conflicts, registry } = await setUp();
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
    const { claims, clock, start, store, index } = await setUp();
    const claimId = index.holder(KEY)?.source.claimId;
    claims.owners.set(KEY, OTHER);
    claims.releases = 'pending';
    start();
    await clock.advance(1_000);
    expect([claims.status().unsettled, store.snapshot().has(`claim/${claimId}`)]).toEqual([1, false]);
  });

  it('does not take again what is released while the voters are asked about it', async () => {
    const { claims, clock, start, registry } = await setUp();
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
    const { claims, clock, start, index } = await setUp();
    const before = claims.owners.get(KEY);
    claims.owners.delete(KEY);
    start();
    await clock.advance(1_000);
    expect([claims.owners.get(KEY), held(index)]).toEqual([before, ['a@x.com', 'b@x.com']]);
  });

  it('waits while the voters can not be asked, also through a restart, and looks again only when it is in doubt again', async () => {
    const { claims, clock, start, index, search, store } = await setUp();
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
    search.doubt();
    await clock.advance(10_000);
    expect(held(index)).toEqual(['b@x.com']);
  });
});

describe('an address in the index of a peer too', () => {
  it('is asked about, at once and never again while that index stays the same', async () => {
    const { claims, clock, start, asked, answering, index } = await setUp();
    start();
    await clock.advance(1_000);
    claims.owners.set(KEY, OTHER);
    answering(() => ({ status: 200, body: { 'A@x.com': {}, 'c@x.com': {} }, etag: '"2"' }));
    await clock.advance(65_000);
    expect(held(index)).toEqual(['b@x.com']);
    answering(() => ({ status: 304, body: undefined }));
    await clock.advance(65_000);
    expect(asked.map(({ headers }) => headers?.['if-none-match'])).toEqual([undefined, '"1"', '"2"']);
  });

  it('that the voters know as ours is shown as undecided, until the peer has it no more', async () => {
    const { clock, start, answering, conflicts } = await setUp();
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    expect(listed(conflicts).undecided).toEqual([{ key: KEY, hostId: 'cloud' }]);
    answering(() => ({ status: 200, body: {}, etag: '"2"' }));
    await clock.advance(65_000);
    expect(listed(conflicts).undecided).toEqual([]);
  });

  it('is found when it was claimed here while the peer was away and its index stayed the same', async () => {
    const { clock, start, answering, asked, conflicts, app, outside } = await setUp();
    outside();
    answering(() => ({ status: 200, body: { 'late@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    await call(app, 'POST', '/api/agents/a1/email/addresses', { address: 'late@x.com' });
    await clock.advance(65_000);
    expect(listed(conflicts).undecided).toEqual([{ key: 'late@x.com', hostId: 'cloud' }]);
    await clock.advance(60_000);
    expect(asked.map(({ headers }) => headers?.['if-none-match'])).toEqual([undefined, undefined, '"1"']);
  });

  it('is shown no more once it was released here, though the index stays the same', async () => {
    const { clock, start, answering, conflicts, app } = await setUp();
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    await call(app, 'DELETE', '/api/agents/a1/email/addresses/a@x.com');
    expect(listed(conflicts).undecided).toEqual([]);
    answering(() => ({ status: 304, body: undefined }));
    await clock.advance(65_000);
    await call(app, 'POST', '/api/agents/a1/email/addresses', { address: 'a@x.com' });
    expect(listed(conflicts).undecided).toEqual([]);
  });

  it('may be released here by an operator’s word, and not taken from a host with other voters', async () => {
    const { clock, start, answering, conflicts, index } = await setUp();
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    await expect(conflicts.resolve(KEY, 'mine')).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining("Host 'cloud' has a@x.com too"),
    });
    await expect(conflicts.resolve('b@x.com' as AddressKey, 'theirs')).rejects.toMatchObject({ code: 'not_found' });
    expect(await conflicts.resolve(KEY, 'theirs')).toBeUndefined();
    expect([held(index), listed(conflicts).undecided]).toEqual([['b@x.com'], []]);
  });

  it('is looked for in ten indexes a minute, each in its turn, in a mesh of many', async () => {
    const { asked, start, stop, clock, ...world } = await setUp();
    world.peers.splice(0, 1, ...Array.from({ length: 25 }, (_, at) => `host-${at}` as HostId));
    start();
    const seen: string[][] = [];
    for (let minute = 0; minute < 3; minute += 1) {
      await clock.advance(61_000);
      seen.push(asked.splice(0).map(({ to }) => to));
    }
    stop.abort();
    expect(new Set(seen.flat()).size).toBe(25);
    expect(Math.max(...seen.map(({ length }) => length))).toBeLessThanOrEqual(20);
  });

  it('is not looked for while the peer says by itself that its index stayed the same, but for once in ten minutes', async () => {
    const { clock, start, says, asked, answering } = await setUp();
    start();
    await clock.advance(1_000);
    says('"1"');
    await clock.advance(590_000);
    expect(asked.length).toBe(1);
    answering(() => ({ status: 304, body: undefined }));
    await clock.advance(70_000);
    expect(asked.map(({ headers }) => headers?.['if-none-match'])).toEqual([undefined, '"1"']);
    await clock.advance(500_000);
    expect(asked.length).toBe(2);
    await clock.advance(160_000);
    expect(asked.length).toBe(3);
  });

  it.each([['"2"'], [undefined]])('is looked for each minute when it says otherwise, or nothing: %s', async (index) => {
    const { clock, start, says, asked } = await setUp();
    start();
    await clock.advance(1_000);
    says(index);
    await clock.advance(185_000);
    expect(asked.length).toBe(4);
  });

  it('is found at the next look once the peer says that its index changed', async () => {
    const { claims, clock, start, says, answering, index } = await setUp();
    start();
    await clock.advance(1_000);
    says('"1"');
    await clock.advance(300_000);
    claims.owners.set(KEY, OTHER);
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"2"' }));
    says('"2"');
    await clock.advance(65_000);
    expect(held(index)).toEqual(['b@x.com']);
  });

  it('is looked for in the unchanged index of a host with other voters once something was claimed here', async () => {
    const { clock, start, says, answering, conflicts, app, outside } = await setUp();
    outside();
    answering(() => ({ status: 200, body: { 'late@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    says('"1"');
    await clock.advance(125_000);
    await call(app, 'POST', '/api/agents/a1/email/addresses', { address: 'late@x.com' });
    await clock.advance(65_000);
    expect(listed(conflicts).undecided).toEqual([{ key: 'late@x.com', hostId: 'cloud' }]);
  });

  it('is shown no more once it was released here, though the peer says that its index stayed the same', async () => {
    const { clock, start, says, answering, conflicts, app } = await setUp();
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    says('"1"');
    await call(app, 'DELETE', '/api/agents/a1/email/addresses/a@x.com');
    await clock.advance(65_000);
    await call(app, 'POST', '/api/agents/a1/email/addresses', { address: 'a@x.com' });
    expect(listed(conflicts).undecided).toEqual([]);
  });

  it('is looked for nowhere in a mesh of many that all say so', async () => {
    const { asked, start, stop, clock, says, ...world } = await setUp();
    world.peers.splice(0, 1, ...Array.from({ length: 25 }, (_, at) => `host-${at}` as HostId));
    start();
    await clock.advance(190_000);
    says('"1"');
    asked.length = 0;
    await clock.advance(400_000);
    expect(asked).toEqual([]);
    stop.abort();
  });

  it('is looked for later when the peer is silent', async () => {
    const { clock, start, answering, asked } = await setUp();
    answering(() => {
      throw new MeshError('peer_silent', 'nobody there');
    });
    start();
    await clock.advance(65_000);
    expect(asked.length).toBe(2);
  });
});

describe('the list of conflicts', () => {
  /** `a@x.com` is undecided over two hosts, `b@x.com` over one; `c@x.com` is one that this host conceded. */
  async function three() {
    const world = await setUp();
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

  it('goes on after an address that is no conflict any more', async () => {
    const { conflicts } = await three();
    const { nextCursor } = conflicts.page({ limit: 1 });
    await conflicts.resolve(KEY, 'theirs');
    expect(shown(conflicts.page({ limit: 1, cursor: nextCursor })).undecided).toEqual(['b@x.com at cloud']);
  });

  it('of a hundred thousand that a peer shows is a page too', async () => {
    const { store, registry, clock, log } = await setUp();
    const holderOf = () => registry.table.find('a1' as AgentId);
    const all = { ...registry, table: { holderOf } };
    const conflicts = await Conflicts.open({ store, registry: all, clock, log });
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
