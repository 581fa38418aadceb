// Which peers count as legacy, for how long, and what that means for a claim.
// Longer than 300 lines: one peer goes from one kind of host to another, and each case begins where another ends.
import { describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { parseRoster } from '../../../../mesh/hosts-json.ts';
import { GREETING_INTERVAL_MS } from '../../../../mesh/limits.ts';
import type { LegacyMode } from '../../../../mesh/lookup/legacy-hosts.ts';
import type { AddressKey, HostId } from '../../../../mesh/names.ts';
import type { Roster } from '../../../../mesh/roster.ts';
import type { Learned } from '../../../../node/peers/keys/first-contact.ts';
import { LEGACY_AGAIN_MAX } from '../../../../node/peers/legacy/legacy-doubles.ts';
import { LegacyPeers } from '../../../../node/peers/legacy/legacy-peers.ts';
import { openPeers } from '../../../../node/peers/peers-module.ts';
import { addressOf } from '../../../support/agent-of.ts';
import { type MemoryDisk, MemoryStore } from '../../../support/memory-store.ts';
import { parsePlainAddress } from '../../../support/plain-address.ts';
import { RecordingLog } from '../../../support/recording-log.ts';
import { urlOf } from '../../../support/roster-of.ts';
import { type PeerScript, ScriptedPeers, says, wireEntry } from '../../../support/scripted-peers.ts';
import { testKeys } from '../../../support/test-keys.ts';
import { trustingHosts } from '../../../support/trusting-hosts.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const OLD = 'old' as HostId;
const A = addressOf('a@x.com');
const { key } = testKeys('old').old;
const trusting = trustingHosts('mac', 'old');
const owned: PeerScript = says({ 'a@x.com': wireEntry('old', 'oberon') });
const silent: PeerScript = () => Promise.reject(new MeshError('peer_silent', 'It is gone.'));

interface Setting {
  mode?: LegacyMode;
  /** In hosts.json. */
  legacy?: boolean;
  disk?: MemoryDisk;
  /** What hosts.json says first. */
  listed?: 'both' | 'keyed';
  /** Whether a stranger's word counts. */
  believes?: boolean;
}

/** Host `mac`, and `old`, which does as the test says. */
async function setUp({ mode = 'detect', legacy, disk, listed = 'both', believes = true }: Setting = {}) {
  const [clock, log] = [new VirtualClock(), new RecordingLog()];
  const mac = { id: 'mac', url: urlOf('mac') };
  const old = { id: 'old', url: urlOf('old'), ...(legacy && { legacy }) };
  const rosterOf = (listed: readonly object[]) =>
    parseRoster(JSON.stringify({ hosts: listed }), { id: 'mac', hostName: 'mac' });
  const both = rosterOf([mac, old]);
  const listings = {
    both,
    alone: rosterOf([mac]),
    disabled: rosterOf([mac, { ...old, enabled: false }]),
    moved: rosterOf([mac, { ...old, url: urlOf('elsewhere') }]),
    keyed: rosterOf([mac, { ...old, publicKey: key.text }]),
    declared: rosterOf([mac, { ...old, legacy: true }]),
  } as const satisfies Record<string, Roster>;
  const store = new MemoryStore(disk === undefined ? {} : { disk });
  const world = {
    hello: { kind: 'legacy', address: '10.0.0.7', why: 'No hello.' } as Learned,
    lookUp: says({}),
    held: new Set<string>(['a@x.com']),
    listed: listed as keyof typeof listings,
    greeted: 0,
  };
  let known = false;
  const [changes, doubles]: [unknown[], unknown[]] = [[], []];
  const transport = new ScriptedPeers({ old: (request, signal) => world.lookUp(request, signal) });
  const stop = new AbortController();
  const roster = () => listings[world.listed];
  const keys = {
    ...trusting.mac.keys,
    known: () => (known ? key : undefined),
    learn: async () => {
      world.greeted += 1;
      if (world.hello.kind === 'known') known = true;
      return world.hello;
    },
  };
  const peers: LegacyPeers = await LegacyPeers.open({
    mode,
    roster,
    keys,
    store,
    log,
    believesLegacy: (address) => believes && address.startsWith('10.'),
    changed: () => changes.push(peers.has(OLD)),
  });
  const open = openPeers({
    mode,
    roster,
    keys,
    legacy: peers,
    clock,
    log,
    transport,
    parseAddress: parsePlainAddress,
    stopping: stop.signal,
    isForming: () => false,
    isReady: () => true,
    random: { next: () => 0 },
    index: () => '"1"',
    doubled: (address, hostId) => doubles.push([address, hostId]),
    found: () => undefined,
    lost: () => undefined,
    indexSaid: () => undefined,
    relayedAtMs: () => undefined,
    voters: () => [],
    holds: (address: AddressKey) => world.held.has(address),
  });
  const { legacyClaims: claims, legacyDoubles, presence } = open;
  const start = async () => {
    void open.run((id) => presence.answered(id, { sinceMs: clock.monotonicMs() }));
    await clock.settle();
  };
  const edited = async () => {
    await open.edited();
    await clock.settle();
  };
  const refusal = () =>
    claims.ownerOf([A]).then(
      (owner) => owner ?? 'nobody',
      (error: MeshError) => ({ code: error.code, message: error.message, ...error.extra }),
    );
  return {
    peers,
    claims,
    legacyDoubles,
    edited,
    store,
    clock,
    log,
    world,
    transport,
    changes,
    doubles,
    start,
    stop,
    refusal,
  };
}

describe('a peer of which a key was known', () => {
  it('keeps its vote when the key is taken out of hosts.json and somebody answers without one, through restarts', async () => {
    const first = await setUp({ listed: 'keyed' });
    first.world.listed = 'both';
    await first.edited();
    const again = await setUp({ disk: first.store.snapshot() });
    for (const { peers, start, log } of [first, again]) {
      await start();
      expect([peers.has(OLD), peers.isNoVoter(OLD), log.named('legacy.found')]).toEqual([false, false, []]);
    }
  });

  it('loses its vote when hosts.json says that it is legacy, and for no longer', async () => {
    const { peers, world, start, edited } = await setUp({ listed: 'keyed' });
    world.listed = 'declared';
    await edited();
    await start();
    expect(peers.isNoVoter(OLD)).toBe(true);
    world.listed = 'both';
    await edited();
    expect(peers.isNoVoter(OLD)).toBe(false);
  });
});

describe('a peer without a hello', () => {
  it('is found, told of once, and votes no more', async () => {
    const { peers, clock, log, changes, start } = await setUp();
    expect(peers.has(OLD)).toBe(false);
    await start();
    await clock.advance(3 * GREETING_INTERVAL_MS);
    expect([peers.has(OLD), peers.isNoVoter(OLD), changes]).toEqual([true, true, [true]]);
    expect(log.named('legacy.found')).toMatchObject([{ level: 'warn', fields: { hostId: 'old', mode: 'detect' } }]);
  });

  it('is told of, and shown, with what to do, for nobody but itself said so; again in each run', async () => {
    const first = await setUp();
    await first.start();
    const again = await setUp({ disk: first.store.snapshot() });
    await again.start();
    for (const { peers, log } of [first, again]) {
      const why = expect.stringMatching(/Host 'old' is taken.*unsigned answer.*"legacy": true.*MESH_SECRET/);
      expect([peers.remark(OLD), log.named('legacy.found').map(({ fields }) => fields.why)]).toEqual([why, [why]]);
    }
    const told = await setUp({ legacy: true });
    await told.start();
    expect([told.peers.has(OLD), told.peers.remark(OLD)]).toEqual([true, undefined]);
  });

  it('is none where a stranger’s word does not count, though it was heard to be one before that', async () => {
    const before = await setUp();
    await before.start();
    const { peers } = await setUp({ disk: before.store.snapshot(), believes: false });
    expect([peers.has(OLD), peers.isNoVoter(OLD), peers.remark(OLD)]).toEqual([false, false, undefined]);
  });

  it('is none by the note of an earlier version, which did not say where it was heard', async () => {
    const store = new MemoryStore();
    await store.commit([{ key: 'legacy/old', value: true }]);
    const { peers, store: opened } = await setUp({ disk: store.snapshot() });
    expect([peers.has(OLD), await opened.get('legacy/old')]).toEqual([false, undefined]);
  });

  it.each(['moved', 'disabled'] as const)(
    'is none any more once hosts.json has it %s, until it is heard again',
    async (listed) => {
      const { peers, world, store, start, edited } = await setUp();
      await start();
      world.hello = { kind: 'silent', why: 'It is gone.' };
      world.listed = listed;
      await edited();
      expect(peers.has(OLD)).toBe(false);
      if (listed === 'moved') return;
      world.listed = 'both';
      await edited();
      expect([peers.has(OLD), await store.get('legacy/old')]).toEqual([false, undefined]);
    },
  );

  it('is one still after a restart, though it is silent then', async () => {
    const { store, start } = await setUp();
    await start();
    const again = await setUp({ disk: store.snapshot() });
    again.world.hello = { kind: 'silent', why: 'It is gone.' };
    await again.start();
    expect([again.peers.has(OLD), again.changes]).toEqual([true, []]);
    expect(again.claims.obstacle()).toEqual({ message: expect.stringContaining('It is gone.'), hosts: ['old'] });
  });

  it('is none any more once it introduces itself, also after a restart', async () => {
    const { peers, store, clock, world, changes, start } = await setUp();
    await start();
    world.hello = { kind: 'known', key };
    await clock.advance(GREETING_INTERVAL_MS);
    expect([peers.has(OLD), changes]).toEqual([false, [true, false]]);
    expect((await setUp({ disk: store.snapshot() })).peers.has(OLD)).toBe(false);
  });

  it('may be told in hosts.json, until it introduces itself', async () => {
    const { peers, world, changes, start } = await setUp({ legacy: true });
    expect([peers.has(OLD), peers.isNoVoter(OLD)]).toEqual([true, true]);
    world.hello = { kind: 'known', key };
    await start();
    expect([peers.has(OLD), changes]).toEqual([false, [false]]);
    expect(peers.remark(OLD)).toMatch(/introduced itself with a key.*take "legacy": true out/);
  });

  it('may be told in hosts.json though a key of it was known once, until it introduces itself', async () => {
    const store = new MemoryStore();
    await store.commit([{ key: 'keyed/old', value: true }]);
    const { peers, world, changes, start } = await setUp({ legacy: true, disk: store.snapshot() });
    world.hello = { kind: 'known', key };
    await start();
    expect([peers.has(OLD), changes]).toEqual([false, [false]]);
  });

  it('is asked nothing while it counts as any other host', async () => {
    const { refusal, transport, world } = await setUp();
    world.hello = { kind: 'known', key };
    expect(await refusal()).toBe('nobody');
    expect(transport.asked).toEqual([]);
  });
});

describe('a peer that was listed a moment ago', () => {
  it('is greeted before the first claim, and is asked like any other of its kind', async () => {
    const { peers, world, refusal } = await setUp();
    world.lookUp = owned;
    expect(await refusal()).toMatchObject({ hostId: 'old' });
    expect(peers.has(OLD)).toBe(true);
  });

  it('does not keep claims waiting once it was silent', async () => {
    const { world, transport, refusal } = await setUp();
    world.hello = { kind: 'silent', why: 'It is gone.' };
    expect([await refusal(), await refusal(), world.greeted, transport.asked]).toEqual(['nobody', 'nobody', 1, []]);
  });

  it('is greeted when the file is edited, and again when it is listed again', async () => {
    const { world, edited, start } = await setUp();
    world.hello = { kind: 'silent', why: 'It is gone.' };
    await start();
    await edited();
    await edited();
    expect(world.greeted).toBe(1);
    world.listed = 'alone';
    await edited();
    world.listed = 'both';
    await edited();
    expect(world.greeted).toBe(2);
  });
});

describe('before a claim', () => {
  it('an owner there is told', async () => {
    const { refusal, world } = await setUp({ legacy: true });
    world.lookUp = owned;
    expect(await refusal()).toEqual({ key: 'a@x.com', hostId: 'old', agentName: 'oberon' });
  });

  it('a silent one stops the claim, and the node says so until it answers again', async () => {
    const { refusal, world, claims } = await setUp({ legacy: true });
    world.lookUp = silent;
    expect(await refusal()).toMatchObject({
      code: 'uniqueness_unavailable',
      message: expect.stringMatching(
        /old serves only the look-up.*It is gone.*MESH_LEGACY=lenient.*Nothing was claimed/,
      ),
      reason: 'legacy_peer',
      hostsFailed: ['old'],
    });
    expect(claims.obstacle()).toMatchObject({ hosts: ['old'] });
    world.lookUp = says({});
    expect(await refusal()).toBe('nobody');
    expect(claims.obstacle()).toBeUndefined();
  });

  it('a silent one is passed over where that is allowed, and logged', async () => {
    const { refusal, world, log, claims } = await setUp({ legacy: true, mode: 'lenient' });
    world.lookUp = silent;
    expect(await refusal()).toBe('nobody');
    expect([claims.obstacle(), log.named('legacy.not_asked').length]).toEqual([undefined, 1]);
    world.lookUp = owned;
    expect(await refusal()).toMatchObject({ hostId: 'old' });
  });

  it('none may be listed where that is forbidden, and it keeps its vote', async () => {
    const { peers, refusal, transport, claims } = await setUp({ legacy: true, mode: 'strict' });
    expect(await refusal()).toMatchObject({ reason: 'legacy_peer', message: expect.stringContaining('strict') });
    expect([peers.isNoVoter(OLD), claims.obstacle()?.hosts, transport.asked]).toEqual([false, ['old'], []]);
  });
});

describe('after a claim', () => {
  it('they are asked again after 6 and 30 seconds, and what both have is told', async () => {
    const { world, clock, doubles, transport, start, legacyDoubles } = await setUp({ legacy: true });
    await start();
    legacyDoubles.claimed([A]);
    await clock.advance(5_999);
    expect(transport.asked).toEqual([]);
    await clock.advance(1);
    expect([transport.asked.length, doubles]).toEqual([1, []]);
    world.lookUp = owned;
    await clock.advance(24_000);
    expect([transport.asked.length, doubles]).toEqual([2, [['a@x.com', 'old']]]);
  });

  it('nothing is asked about an address that was given up meanwhile', async () => {
    const { world, clock, doubles, transport, start, legacyDoubles } = await setUp({ legacy: true });
    await start();
    legacyDoubles.claimed([A]);
    world.lookUp = owned;
    world.held.clear();
    await clock.advance(30_000);
    expect([transport.asked, doubles]).toEqual([[], []]);
  });

  it('nothing is told of one that was given up while the answer was awaited', async () => {
    const { world, clock, doubles, start, legacyDoubles } = await setUp({ legacy: true });
    await start();
    legacyDoubles.claimed([A]);
    world.lookUp = (request, signal) => {
      world.held.clear();
      return owned(request, signal);
    };
    await clock.advance(6_000);
    expect(doubles).toEqual([]);
  });

  it('no more addresses wait than there is room for', async () => {
    const { clock, transport, start, legacyDoubles } = await setUp({ legacy: true });
    await start();
    const hundred = Array.from({ length: 100 }, () => A);
    for (let count = 0; count <= LEGACY_AGAIN_MAX; count += 100) legacyDoubles.claimed(hundred);
    await clock.advance(30_000);
    expect(transport.asked).toHaveLength(LEGACY_AGAIN_MAX);
  });

  it('a node that stops asks nothing more', async () => {
    const { clock, stop, transport, start, legacyDoubles } = await setUp({ legacy: true });
    await start();
    legacyDoubles.claimed([A]);
    stop.abort();
    await clock.advance(30_000);
    expect([transport.asked, clock.sleepers]).toEqual([[], 0]);
  });
});
