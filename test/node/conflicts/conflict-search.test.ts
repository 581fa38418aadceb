// Addresses that the index of a peer shows too: when they are looked for, asked about, and shown no more.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { DoubtCause } from '../../../mesh/state/events.ts';
import { conflictWorld, held, KEY, listed, OTHER } from '../../support/conflict-world.ts';
import { call } from '../../support/test-registry.ts';

describe('a doubt about what this host holds', () => {
  it.each<[DoubtCause, RegExp]>([
    ['rejoined', /restored from a backup/],
    ['recovered', /operator had other voters go on/],
    ['joined', /left its mesh for another one/],
    ['returned', /may have given what it held to others/],
    ['left_engine', /engine kept the claims until now/],
  ])('is told to operators with its cause: %s', async (cause, why) => {
    const { search, log } = await conflictWorld();
    search.doubt(cause);
    expect(log.named('conflict.doubted')).toMatchObject([
      { level: 'info', fields: { cause, why: expect.stringMatching(why) } },
    ]);
  });
});

describe('an address in the index of a peer too', () => {
  it('is asked about, at once and never again while that index stays the same', async () => {
    const { claims, clock, start, asked, answering, index } = await conflictWorld();
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

  it('is found on any page of that index, which is not asked for what other hosts have', async () => {
    const { clock, start, asked, answering, conflicts } = await conflictWorld();
    answering(() => {
      const isFirst = !(asked.at(-1)?.path.includes('cursor') ?? false);
      const body = isFirst ? { 'c@x.com': {}, nextCursor: 'second' } : { 'a@x.com': {} };
      return { status: 200, body, etag: isFirst ? '"1"' : '"2"' };
    });
    start();
    await clock.advance(1_000);
    expect(listed(conflicts).undecided).toEqual([{ key: KEY, hostId: 'cloud' }]);
    answering(() => ({ status: 304, body: undefined }));
    await clock.advance(65_000);
    expect(asked.map(({ headers }) => headers)).toEqual([
      { 'x-federated-query': 'true' },
      { 'x-federated-query': 'true' },
      { 'x-federated-query': 'true', 'if-none-match': '"1"' },
    ]);
  });

  it('is looked for later when its pages come too slowly, or not at all', async () => {
    const { clock, start, asked, answering, conflicts } = await conflictWorld();
    answering(async () => {
      await clock.sleep(9_000);
      return { status: 200, body: { 'a@x.com': {}, nextCursor: 'again' } };
    });
    start();
    await clock.advance(50_000);
    expect(asked).toHaveLength(4);
    expect(listed(conflicts).undecided).toEqual([]);
  });

  it('is not looked for again while the peer’s log stands where it stood, as relays tell it', async () => {
    const { clock, start, asked, standsAt } = await conflictWorld();
    standsAt('chain of 7 entries');
    start();
    await clock.advance(125_000);
    expect(asked).toHaveLength(1);
    standsAt('chain of 8 entries');
    await clock.advance(65_000);
    expect(asked).toHaveLength(2);
    await clock.advance(65_000);
    expect(asked).toHaveLength(2);
  });

  it('that the voters know as ours is shown as undecided, until the peer has it no more', async () => {
    const { clock, start, answering, conflicts } = await conflictWorld();
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"1"' }));
    start();
    await clock.advance(1_000);
    expect(listed(conflicts).undecided).toEqual([{ key: KEY, hostId: 'cloud' }]);
    answering(() => ({ status: 200, body: {}, etag: '"2"' }));
    await clock.advance(65_000);
    expect(listed(conflicts).undecided).toEqual([]);
  });

  it('is shown no more once hosts.json lists that peer no more, and is found again when it does', async () => {
    const { clock, start, answering, conflicts, peers } = await conflictWorld();
    answering(() => ({ status: 200, body: { 'a@x.com': {} }, etag: '"1"' }));
    start();
    conflicts.doubled('b@x.com' as AddressKey, 'desk' as HostId);
    await clock.advance(1_000);
    expect(listed(conflicts).undecided).toEqual([{ key: KEY, hostId: 'cloud' }]);
    const [cloud] = peers.splice(0) as [HostId];
    await clock.advance(65_000);
    expect(listed(conflicts).undecided).toEqual([]);
    peers.push(cloud);
    await clock.advance(65_000);
    expect(listed(conflicts).undecided).toEqual([{ key: KEY, hostId: 'cloud' }]);
  });

  it('is found when it was claimed here while the peer was away and its index stayed the same', async () => {
    const { clock, start, answering, asked, conflicts, app, outside } = await conflictWorld();
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
    const { clock, start, answering, conflicts, app } = await conflictWorld();
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
    const { clock, start, answering, conflicts, index } = await conflictWorld();
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
    const { asked, start, stop, clock, ...world } = await conflictWorld();
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

  it('is not looked for while the peer says by itself that its index stayed the same, however long', async () => {
    const { clock, start, says, asked } = await conflictWorld();
    start();
    await clock.advance(1_000);
    says('"1"');
    await clock.advance(3 * 3_600_000);
    expect(asked.length).toBe(1);
  });

  it('is looked for once in ten minutes while relays alone say that the log of the peer stands where it stood', async () => {
    const { clock, start, standsAt, asked, answering } = await conflictWorld();
    standsAt('chain of 7 entries');
    start();
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
    const { clock, start, says, asked } = await conflictWorld();
    start();
    await clock.advance(1_000);
    says(index);
    await clock.advance(185_000);
    expect(asked.length).toBe(4);
  });

  it('is found at the next look once the peer says that its index changed', async () => {
    const { claims, clock, start, says, answering, index } = await conflictWorld();
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
    const { clock, start, says, answering, conflicts, app, outside } = await conflictWorld();
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
    const { clock, start, says, answering, conflicts, app } = await conflictWorld();
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
    const { asked, start, stop, clock, says, ...world } = await conflictWorld();
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
    const { clock, start, answering, asked } = await conflictWorld();
    answering(() => {
      throw new MeshError('peer_silent', 'nobody there');
    });
    start();
    await clock.advance(65_000);
    expect(asked.length).toBe(2);
  });
});
