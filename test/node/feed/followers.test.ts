import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { FOLLOWED_BY_ALL_MAX } from '../../../mesh/feed/relays.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { PeerTransport } from '../../../mesh/ports.ts';
import { rosterOf as rosterFrom } from '../../../mesh/roster.ts';
import type { FeedLog } from '../../../node/changes/change-log.ts';
import { FOLLOW_AGAIN_MS_MAX, FOLLOW_AGAIN_MS_MIN } from '../../../node/feed/asking-turns.ts';
import { DIRECT_PLACES } from '../../../node/feed/direct-places.ts';
import { Followers } from '../../../node/feed/followers.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** Hosts that `mac` follows, for it votes; each keeps every question. `met`: who has answered something else. `inHand`: the questions, the first first. */
async function followersOf(hosts: readonly string[], met: readonly string[] = hosts) {
  const clock = new VirtualClock();
  const world = { roster: rosterOf('mac', ...hosts), met: new Set<string>(met) };
  const inHand: { readonly to: string; readonly end: () => void }[] = [];
  const ask: PeerTransport['ask'] = ({ to }) =>
    new Promise<never>((_, reject) =>
      inHand.push({ to, end: () => reject(new MeshError('peer_silent', 'It was silent.')) }),
    );
  const followers = new Followers({
    ...{ clock, random: seededRandom(1), log: new RecordingLog(), transport: { ask }, parseAddress: parsePlainAddress },
    ...{ copies: await HostCopies.open(new MemoryStore(), clock), changes: {} as FeedLog, roster: () => world.roster },
    ...{ keyOf: () => undefined, isLegacy: () => false, isMember: () => true, isForming: () => false },
    isMet: (host) => world.met.has(host),
    voters: () => [world.roster.self.id],
  });
  const stop = new AbortController();
  const running = followers.run(stop.signal);
  await nextTurn();
  const end = async () => {
    stop.abort();
    // Those that waited for a place are asked now, and give up.
    for (let at = 0; at < inHand.length; at += 1) {
      inHand[at]?.end();
      await nextTurn();
    }
    await clock.advance(1);
    await running;
  };
  return { clock, world, inHand, followers, end };
}

it('follows a host at its new place once nothing of the old one is in hand any more', async () => {
  const { world, inHand, followers, end } = await followersOf(['cloud']);
  expect(inHand).toHaveLength(1);
  const { hosts, self } = world.roster;
  const moved = hosts.map((host) => (host.id === 'cloud' ? { ...host, url: 'http://elsewhere:23000' } : host));
  world.roster = rosterFrom(moved, self);
  followers.edited();
  await nextTurn();
  expect(inHand).toHaveLength(1);
  inHand[0]?.end();
  await nextTurn();
  expect(inHand).toHaveLength(2);
  await end();
});

it('asks a host about its log once it has answered something else, and no other', async () => {
  const { clock, world, inHand, followers, end } = await followersOf(['cloud', 'lab'], []);
  await clock.advance(FOLLOW_AGAIN_MS_MAX);
  expect(inHand).toEqual([]);
  world.met.add('lab');
  followers.found('lab' as HostId);
  await nextTurn();
  expect(inHand.map(({ to }) => to)).toEqual(['lab']);
  // From then on it is asked as any other, there or not.
  world.met.delete('lab');
  inHand[0]?.end();
  await clock.advance(2 * FOLLOW_AGAIN_MS_MIN);
  expect(inHand.map(({ to }) => to)).toEqual(['lab', 'lab']);
  await end();
});

it.each([
  ['all of a few hosts', FOLLOWED_BY_ALL_MAX - 1, FOLLOWED_BY_ALL_MAX - 1],
  ['some of many hosts', FOLLOWED_BY_ALL_MAX, DIRECT_PLACES],
])('asks %s for the first time at once', async (_, hosts, atOnce) => {
  const { inHand, end } = await followersOf(Array.from({ length: hosts }, (_, at) => `h${at}`));
  expect(inHand).toHaveLength(atOnce);
  await end();
});
