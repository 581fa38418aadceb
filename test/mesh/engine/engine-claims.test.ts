// What makes an engine's answers claims, with an engine that a test scripts, in virtual time.
import { describe, expect, it } from 'vitest';
import { EngineClaims } from '../../../mesh/engine/engine-claims.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Claim } from '../../../mesh/state/claim-store.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { ScriptedEngine } from '../../support/scripted-engine.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const KEY = 'a@x.com' as AddressKey;
const claimOf = (claimId: string, hostId = 'mac'): Claim => ({
  key: KEY,
  owner: {
    hostId: hostId as HostId,
    agentId: 'a1' as AgentId,
    agentName: 'a1',
    claimId: claimId as ClaimId,
    since: '2026-01-27T12:00:00Z',
  },
});

const many = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ ...claimOf(`claim-${at}`), key: `a${at}@x.com` as AddressKey }));

function setUp(
  engine = new ScriptedEngine(),
  store = new MemoryStore(),
  intents = new Map<ClaimId, AddressKey>(),
  held = new Map<AddressKey, Owner>(),
) {
  const clock = new VirtualClock();
  const registry = {
    holder: (key: AddressKey) => held.get(key),
    isEmpty: () => held.size === 0,
    keys: () => held.keys(),
  };
  const options = { self: 'mac' as HostId, engine, records: { intents }, registry, journal: store, clock };
  const claims = new EngineClaims({ ...options, log: () => undefined });
  claims.start();
  return { clock, held, engine, store, claims };
}

describe('a claim in an engine', () => {
  it('is asked for only when its intent is durable, and ends in the commit that holds it', async () => {
    const { engine, store, claims } = setUp();
    const seen: unknown[] = [];
    engine.onPut = () => seen.push(store.crash().get('claim/unsettled/claim-mine'));
    const result = await claims.claim([claimOf('claim-mine')]);
    expect(seen).toEqual([JSON.stringify(KEY)]);
    expect(result).toEqual({ kind: 'held', intentsDone: [{ key: 'claim/unsettled/claim-mine', value: undefined }] });
  });

  it('loses to another, and leaves nothing behind', async () => {
    const { engine, store, claims } = setUp();
    engine.owners.set(KEY, claimOf('claim-other', 'cloud').owner);
    expect(await claims.claim([claimOf('claim-mine')])).toMatchObject({
      kind: 'conflict',
      owner: { claimId: 'claim-other' },
    });
    expect(await store.get('claim/unsettled/claim-mine')).toBeUndefined();
  });

  it('that meets one of this host which keeps coming back is told so: what is in the way is no other owner', async () => {
    const { engine, claims } = setUp();
    engine.onPut = () => engine.owners.set(KEY, claimOf('claim-former').owner);
    const refusal = { kind: 'conflict', owner: { claimId: 'claim-former' }, isLeftover: true };
    expect(await claims.claim([claimOf('claim-mine')])).toMatchObject(refusal);
    engine.onPut = () => engine.owners.set(KEY, claimOf('claim-other', 'cloud').owner);
    expect(await claims.claim([claimOf('claim-mine')])).not.toHaveProperty('isLeftover');
  });

  it('of several addresses goes over whatever this host had of them before it lost its disk, in one request', async () => {
    const { engine, held, claims } = setUp();
    const wanted = many(4);
    for (const { key, owner } of wanted.slice(0, 3))
      engine.owners.set(key, { ...owner, claimId: `former-${owner.claimId}` as ClaimId });
    expect((await claims.claim(wanted)).kind).toBe('held');
    expect([...engine.owners.values()].map(({ claimId }) => claimId).sort()).toEqual(
      wanted.map(({ owner }) => owner.claimId),
    );
    // What its registry holds is no leftover, and what is another's stays.
    const [first, second] = wanted as [Claim, Claim];
    held.set(first.key, first.owner);
    const again = [first, second].map(({ key, owner }) => ({ key, owner: { ...owner, claimId: 'other' as ClaimId } }));
    expect(await claims.claim(again)).toMatchObject({ kind: 'conflict', key: first.key });
    engine.owners.set(second.key, { ...second.owner, hostId: 'cloud' as HostId });
    expect(await claims.claim(again.slice(1))).toMatchObject({ kind: 'conflict', key: second.key });
  });

  it('that the engine took without saying so is given back when it is there again', async () => {
    const { engine, store, clock, claims } = setUp();
    engine.state = 'mute';
    expect(await claims.claim([claimOf('claim-mine')])).toMatchObject({
      kind: 'unavailable',
      reason: 'engine_unavailable',
    });
    await clock.advance(60_000);
    expect([engine.owners.size, claims.status().unsettled, claims.status().ready]).toEqual([1, 1, false]);
    engine.state = 'here';
    await clock.advance(20_000);
    expect([engine.owners.size, claims.status().unsettled, claims.status().ready]).toEqual([0, 0, true]);
    expect([await store.get('claim/unsettled/claim-mine'), engine.aborted]).toEqual([undefined, ['claim-mine']]);
  });

  it('that the engine did not answer is told of in whole sentences, whatever the engine says', async () => {
    const { engine, claims } = setUp();
    engine.state = 'mute';
    expect(await claims.claim([claimOf('claim-mine')])).toMatchObject({
      message: expect.stringMatching(/the connection was lost\. Nothing was claimed; try again\.$/),
    });
  });

  it('leaves nothing behind while the engine is known to be away, which many claims ask once', async () => {
    const { engine, store, clock, claims } = setUp();
    await clock.settle();
    engine.state = 'away';
    await claims.confirm([claimOf('claim-mine')]);
    const [asked, records] = [engine.asked, store.snapshot().size];
    const refused = await Promise.all(many(1_000).map((claim) => claims.claim([claim])));
    expect(refused.every((result) => result.kind === 'unavailable')).toBe(true);
    expect([engine.asked - asked, store.snapshot().size, claims.status().unsettled]).toEqual([1, records, 0]);
    engine.state = 'here';
    expect((await claims.claim([claimOf('claim-mine')])).kind).toBe('held');
  });

  it('that was under way when the engine went is given back with all others, in few questions', async () => {
    const { engine, clock, claims } = setUp();
    await clock.settle();
    engine.onPut = () => {
      engine.state = 'away';
    };
    const results = await Promise.all(many(251).map((claim) => claims.claim([claim])));
    expect(results.filter(({ kind }) => kind === 'unavailable').length).toBe(250);
    const asked = engine.asked;
    await clock.advance(60_000);
    // One a second to free them, and the watch's own.
    expect(engine.asked - asked).toBeLessThan(70);
    expect(claims.status().unsettled).toBe(250);
    engine.state = 'here';
    engine.freeing.length = 0;
    await clock.advance(2_000);
    expect(claims.status().unsettled).toBe(0);
    expect(engine.freeing).toEqual([1, 2, 4, 8, 16, 32, 64, 100, 23]);
  });

  it('that can not be given back does not hold up the others', async () => {
    const { engine, clock, claims } = setUp();
    const released = many(50).map(({ key, owner }) => ({ key, claimId: owner.claimId }));
    engine.stuck = released[20]?.claimId;
    claims.releaseWrites(released);
    expect(claims.status().unsettled, 'of writes that nobody has committed yet').toBe(0);
    void claims.release(released);
    await clock.advance(60_000);
    expect(claims.status().unsettled).toBe(1);
    engine.stuck = undefined;
    await clock.advance(2_000);
    expect(claims.status().unsettled).toBe(0);
  });

  it('that a crash left unsettled is given back at the next start', async () => {
    const engine = new ScriptedEngine();
    engine.owners.set(KEY, claimOf('claim-mine').owner);
    const { clock } = setUp(engine, new MemoryStore(), new Map([['claim-mine' as ClaimId, KEY]]));
    await clock.settle();
    expect([engine.owners.size, engine.aborted]).toEqual([0, ['claim-mine']]);
  });

  it('replaces one of its own host that no registry holds, and no other', async () => {
    const { engine, held, claims } = setUp();
    engine.owners.set(KEY, claimOf('claim-before').owner);
    held.set(KEY, claimOf('claim-before').owner);
    expect((await claims.claim([claimOf('claim-mine')])).kind).toBe('conflict');
    held.clear();
    expect((await claims.claim([claimOf('claim-mine')])).kind).toBe('held');
    expect(engine.owners.get(KEY)?.claimId).toBe('claim-mine');
  });

  it('is confirmed as released, or pending after two seconds', async () => {
    const { engine, store, clock, claims } = setUp();
    await claims.claim([claimOf('claim-mine')]);
    const named = [{ key: KEY, claimId: 'claim-mine' as ClaimId }];
    engine.state = 'away';
    await store.commit(claims.releaseWrites(named));
    const pending = claims.release(named);
    await clock.advance(2_000);
    expect(await pending).toBe('pending');
    engine.state = 'here';
    await clock.advance(10_000);
    expect([engine.owners.size, claims.status().unsettled]).toEqual([0, 0]);
  });

  it('of a host that is gone for good is freed, or it is said that it could not be', async () => {
    const { engine, claims } = setUp();
    engine.owners.set(KEY, claimOf('claim-mine').owner);
    engine.owners.set('b@x.com' as AddressKey, claimOf('claim-gone', 'gone').owner);
    engine.state = 'away';
    await expect(claims.evict('gone' as HostId)).rejects.toMatchObject({ code: 'uniqueness_unavailable' });
    engine.state = 'here';
    await claims.evict('gone' as HostId);
    expect([...engine.owners.keys()]).toEqual([KEY]);
  });
});

describe('an engine that knows none of the addresses of this host', () => {
  const held = () => new Map(many(3).map(({ key, owner }) => [key, owner]));
  const others = [claimOf('claim-new')];

  it('is not the one that they were claimed in: nothing is claimed there, and why is said', async () => {
    const engine = new ScriptedEngine();
    engine.owners.set('a1@x.com' as AddressKey, { ...claimOf('x').owner, hostId: 'cloud' as HostId });
    const { claims, clock } = setUp(engine, new MemoryStore(), new Map(), held());
    const sentence = expect.stringMatching(/None of the 3 addresses.*with the MESH_CLAIMS that it had/);
    expect(await claims.claim(others)).toMatchObject({ reason: 'membership_mismatch', message: sentence });
    expect(claims.status()).toMatchObject({ ready: false, reason: 'membership_mismatch', why: sentence });
    expect(engine.owners.size).toBe(1);
    // The right one, under the same name.
    for (const { key, owner } of many(3).slice(2)) engine.owners.set(key, owner);
    await clock.advance(10_000);
    expect(claims.status().ready).toBe(true);
    expect((await claims.claim(others)).kind).toBe('held');
  });
});
