// A host that relays tell of, and that says itself what can't be believed.
import { describe, expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { type SignedHead, signHead } from '../../../mesh/feed/head.ts';
import { FEED_PATH } from '../../../mesh/feed/messages.ts';
import type { HostId } from '../../../mesh/names.ts';
import { REFUSED_AGAIN_MS } from '../../../node/feed/asking-turns.ts';
import { DirectPlaces } from '../../../node/feed/direct-places.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { HostFollower } from '../../../node/feed/host-follower.ts';
import { openTestLog } from '../../support/log-entries.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { testKeys } from '../../support/test-keys.ts';

const { cloud, pi } = testKeys('cloud', 'pi');
const LOG = 'c'.repeat(32);
const at = '2026-01-27T12:00:00.000Z';

it('stays stale, whatever a relay heard of it, until it is believed again', async () => {
  const { changes, store, clock } = await openTestLog();
  const copies = await HostCopies.open(store, clock);
  const head = (of = cloud) =>
    signHead({ hostId: cloud.id, logId: LOG, n: 0, chain: firstChain(LOG), digest: EMPTY_DIGEST, at }, of.signer);
  copies.change(cloud.id, { rows: { put: [], drop: [] }, agents: new Map(), standing: head() }).apply();
  const said = { head: { ...head(pi), at: '2026-01-27T12:00:01.000Z' } };
  const follower = new HostFollower({
    ...{ hostId: cloud.id, changes, copies, clock, log: new RecordingLog(), random: { next: () => 0.5 } },
    ...{ key: () => cloud.key, parseAddress: parsePlainAddress, isLegacy: () => false },
    legacy: { read: async () => undefined },
    relays: { isOn: true, isCrowded: true, directly: new DirectPlaces(clock) },
    transport: { ask: async () => ({ status: 200, body: { kind: 'chunk', entries: [], more: false, ...said } }) },
  });
  const stop = new AbortController();
  const ended = follower.run(stop.signal);
  follower.confirm(clock.monotonicMs());
  expect(copies.copy.isDoubted(cloud.id)).toBe(false);
  follower.ask();
  await clock.settle();
  expect([follower.view.state, copies.copy.isDoubted(cloud.id)]).toEqual(['refused', true]);
  follower.confirm(clock.monotonicMs());
  expect([follower.view.state, copies.copy.isDoubted(cloud.id)]).toEqual(['refused', true]);
  said.head = head();
  await clock.advance(REFUSED_AGAIN_MS);
  expect([follower.view.state, copies.copy.isDoubted(cloud.id)]).toEqual(['following', false]);
  stop.abort();
  await ended;
});

describe('a host of which nothing is known', () => {
  const RELAY = 'lab' as HostId;
  const statement = (of = cloud): SignedHead =>
    signHead({ hostId: cloud.id, logId: LOG, n: 0, chain: firstChain(LOG), digest: EMPTY_DIGEST, at }, of.signer);

  /** `isMet`: whether its key is known. It answers what it is asked about its log. */
  async function unknownHost({ isMet = true } = {}) {
    const { changes, store, clock } = await openTestLog();
    const copies = await HostCopies.open(store, clock);
    const log = new RecordingLog();
    const did: string[] = [];
    const world = { isMet, isThere: true };
    const follower = new HostFollower({
      ...{ hostId: cloud.id, changes, copies, clock, log, random: { next: () => 0.5 } },
      ...{ key: () => (world.isMet ? cloud.key : undefined), parseAddress: parsePlainAddress, isLegacy: () => false },
      legacy: { read: async () => undefined },
      relays: { isOn: true, isCrowded: true, directly: new DirectPlaces(clock) },
      meet: async () => {
        did.push('met');
        world.isMet ||= world.isThere;
      },
      transport: {
        ask: async ({ path }) => {
          did.push(path === FEED_PATH ? 'asked for news' : 'asked for a page');
          if (path === FEED_PATH) return { status: 200, body: { kind: 'gone', logId: LOG } };
          const page = { kind: 'page', snapshot: 'one', agents: [], head: statement(), more: false };
          return { status: 200, body: page };
        },
      },
    });
    const stop = new AbortController();
    const ended = follower.run(stop.signal);
    const offer = (head = statement()) => follower.takeRun({ entries: [], head }, RELAY);
    const end = async () => {
      stop.abort();
      await ended;
    };
    return { clock, copies, log, did, world, follower, offer, end };
  }

  it('and that has nothing, as it signed, is asked for nothing', async () => {
    const { copies, did, offer, clock, end } = await unknownHost();
    await offer();
    await clock.settle();
    expect([copies.head(cloud.id), did]).toEqual([statement(), []]);
    await end();
  });

  it('and whose key is not known either is asked who it is, once it is its turn, and for nothing else', async () => {
    const { copies, did, offer, follower, clock, end } = await unknownHost({ isMet: false });
    await offer();
    await clock.settle();
    expect([copies.head(cloud.id), did]).toEqual([undefined, []]);
    follower.ask();
    await clock.settle();
    expect([copies.head(cloud.id), did]).toEqual([statement(), ['met']]);
    follower.confirm(clock.monotonicMs());
    expect(follower.view.state).toBe('following');
    await end();
  });

  it('and that does not say who it is, is asked about its log, as any other', async () => {
    const { copies, did, offer, world, follower, clock, end } = await unknownHost({ isMet: false });
    world.isThere = false;
    await offer();
    follower.ask();
    await clock.settle();
    expect(did.slice(0, 2)).toEqual(['met', 'asked for news']);
    expect(copies.head(cloud.id)).toBeUndefined();
    await end();
  });

  it('is asked itself where the relay’s word for that is not signed by it', async () => {
    const { copies, did, offer, log, clock, end } = await unknownHost();
    await offer(statement(pi));
    await clock.settle();
    expect(log.named('feed.relay_not_believed')).toMatchObject([{ fields: { peer: cloud.id, relay: RELAY } }]);
    expect([did[0], copies.head(cloud.id)]).toEqual(['asked for news', statement()]);
    await end();
  });

  it('and one that has left another log behind is asked itself: it may be that log', async () => {
    const { copies, did, offer, clock, end } = await unknownHost();
    const other = { ...statement(), logId: 'd'.repeat(32), chain: firstChain('d'.repeat(32)) };
    const nothing = { rows: { put: [], drop: [] }, agents: new Map() };
    copies.change(cloud.id, { ...nothing, standing: other }).apply();
    copies.change(cloud.id, { ...nothing, standing: undefined }).apply();
    await offer();
    await clock.settle();
    expect(did[0]).toBe('asked for news');
    await end();
  });

  it('has told all with its snapshot, as of the question: what comes then, relays tell', async () => {
    const { copies, did, follower, clock, end } = await unknownHost();
    follower.ask();
    await clock.settle();
    expect([did, copies.copy.confirmedMs(cloud.id)]).toEqual([['asked for news', 'asked for a page'], 0]);
    await end();
  });
});
