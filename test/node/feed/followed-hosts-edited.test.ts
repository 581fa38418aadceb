// What a host makes of others that hosts.json takes up, lets go of, or says to serve only the look-up.
import { describe, expect, it } from 'vitest';
import { EMAIL_INDEX_PATH } from '../../../mesh/lookup/index-entry.ts';
import { EVICT_ANSWER_MS_MAX } from '../../../mesh/membership/operator-decisions.ts';
import type { PeerAnswer } from '../../../mesh/ports.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { LEGACY_READ_MS } from '../../../node/feed/legacy-reader.ts';
import { FEED_WAIT_MS_MAX } from '../../../node/feed/quiet-wait.ts';
import { cloud, follow, rowOf, silent } from '../../support/followed-host.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { rosterOf } from '../../support/roster-of.ts';

/** From when a host is gone for good until that is told: less than an operator who evicted it waits for the answer. */
const GONE_TOLD_MS = EVICT_ANSWER_MS_MAX / 2;

describe('hosts.json, edited while the host runs', () => {
  it('begins with a host that is new, and ends with one that is gone', async () => {
    const { clock, state, followers, put, shown, view, asked, end } = await follow();
    state.roster = rosterOf('mac');
    followers.edited();
    await clock.settle();
    expect(view()).toBeUndefined();
    asked.length = 0;
    await put(rowOf('a@x.com'));
    expect([asked, shown()]).toEqual([[], []]);
    state.roster = rosterOf('mac', 'cloud');
    followers.edited();
    await clock.settle();
    expect([view()?.state, shown()]).toEqual(['following', ['a@x.com']]);
    await end();
  });

  it('takes no chunk twice when a host has moved while one is in hand', async () => {
    const { clock, state, followers, store, put, shown, heard, said, asked } = await follow();
    store.stall();
    await put(rowOf('a@x.com'));
    const before = asked.length;
    const { self, peers } = state.roster;
    const moved = peers.map((host) => ({ ...host, url: 'http://elsewhere.example:1' }));
    state.roster = { ...state.roster, self, peers: moved };
    followers.edited();
    await clock.settle();
    expect(asked.length).toBe(before);
    store.resume();
    await clock.settle();
    expect([shown(), await heard(), said.events]).toEqual([['a@x.com'], ['agent.email.changed p1'], []]);
    expect(asked.length).toBeGreaterThan(before);
  });

  it.each([
    ['is told of as deleted when no member any more', false, []],
    ['stays in the copy while it is a member', true, ['a@x.com']],
  ])('whose host is gone: it %s', async (_, isMember, left) => {
    const { clock, state, followers, put, shown, heard, store } = await follow();
    await put(rowOf('a@x.com'));
    state.roster = rosterOf('mac');
    state.isMember = isMember;
    followers.edited();
    await clock.advance(GONE_TOLD_MS);
    expect(shown()).toEqual(left);
    expect(await heard()).toEqual([
      'agent.email.changed p1',
      ...(isMember ? [] : ['agent.email.changed p1', 'agent.deleted p1']),
    ]);
    expect([...store.snapshot().keys()].some((key) => key.startsWith('feed/head/'))).toBe(isMember);
  });
});

describe('a host that only serves the look-up', () => {
  const entry = { agentId: 'p1', agentName: 'puck', hostId: 'cloud', hostUrl: 'http://x', primary: true };
  const index = (...addresses: readonly string[]) => Object.fromEntries(addresses.map((address) => [address, entry]));

  async function read() {
    const followed = await follow();
    const { clock, state } = followed;
    const legacy = { answer: { status: 200, body: index('a@x.com', 'b@x.com'), etag: '"1"' } as PeerAnswer };
    state.isLegacy = true;
    state.line = () => legacy.answer;
    await clock.advance(FEED_WAIT_MS_MAX + LEGACY_READ_MS);
    return { ...followed, legacy };
  }

  it('has its index read once a minute: what differs is put, and nothing is told of or kept on disk', async () => {
    const { clock, legacy, copies, store, asked, shown, heard, view } = await read();
    expect([shown(), view()?.state]).toEqual([['a@x.com', 'b@x.com'], 'following']);
    expect(asked.at(-1)).toMatchObject({ path: EMAIL_INDEX_PATH, headers: { 'If-None-Match': '"1"' } });
    const { version } = copies.copy;
    await clock.advance(LEGACY_READ_MS);
    expect(copies.copy.version).toBe(version);
    legacy.answer = { status: 200, body: index('b@x.com', 'c@x.com') };
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), copies.copy.version]).toEqual([['b@x.com', 'c@x.com'], version + 2]);
    expect([await heard(), [...store.snapshot().keys()].filter((key) => key.startsWith('feed/row'))]).toEqual([[], []]);
  });

  it('is as it was when it says that nothing changed', async () => {
    const { clock, legacy, shown, view } = await read();
    legacy.answer = { status: 304, body: undefined };
    const before = view()?.asOf;
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), view()?.asOf === before]).toEqual([['a@x.com', 'b@x.com'], false]);
  });

  it('keeps its copy while it is silent or answers something else, and says so', async () => {
    const { clock, legacy, state, shown, view } = await read();
    legacy.answer = { status: 500, body: 'oops' };
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), view()?.why]).toEqual([['a@x.com', 'b@x.com'], "Host 'cloud' answers no email index."]);
    state.line = silent;
    await clock.advance(LEGACY_READ_MS);
    expect([shown(), view()?.state]).toEqual([['a@x.com', 'b@x.com'], 'silent']);
  });

  it('that is gone for good is forgotten, and nobody hears of agents of which nobody had heard', async () => {
    const { clock, state, followers, shown, heard } = await read();
    state.roster = rosterOf('mac');
    followers.edited();
    await clock.advance(GONE_TOLD_MS);
    expect([shown(), await heard()]).toEqual([[], []]);
  });

  it('that turns out to have a log is followed: all of it is told of, and kept on disk', async () => {
    const { clock, state, put, shown, heard, store } = await read();
    await put(rowOf('a@x.com'));
    state.isLegacy = false;
    state.line = (_, pass) => pass();
    await clock.advance(LEGACY_READ_MS * 1.5);
    expect([shown(), await heard()]).toEqual([['a@x.com'], ['agent.created p1', 'agent.email.changed p1']]);
    const again = await HostCopies.open(new MemoryStore({ disk: store.snapshot() }), clock);
    expect([...again.copy.ofHost(cloud.id)]).toEqual([rowOf('a@x.com')]);
  });

  it('that had a log is read: what was heard of it is told to its end, and kept on disk no more', async () => {
    const { clock, state, put, shown, store, heard } = await follow();
    await put(rowOf('old@x.com'));
    state.isLegacy = true;
    state.line = () => ({ status: 200, body: index('a@x.com') });
    await clock.advance(2 * LEGACY_READ_MS);
    const told = ['agent.email.changed p1', 'agent.email.changed p1', 'agent.deleted p1'];
    expect([shown(), await heard()]).toEqual([['a@x.com'], told]);
    const kept = [...store.snapshot().keys()].filter((key) => key.startsWith('feed/'));
    expect(kept).toEqual(['feed/left/cloud']);
  });
});
