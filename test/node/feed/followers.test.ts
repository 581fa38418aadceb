import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { MeshError } from '../../../mesh/errors.ts';
import { rosterOf as rosterFrom } from '../../../mesh/roster.ts';
import type { FeedLog } from '../../../node/changes/change-log.ts';
import { Followers } from '../../../node/feed/followers.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { parsePlainAddress } from '../../support/plain-address.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { rosterOf } from '../../support/roster-of.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('follows a host at its new place once nothing of the old one is in hand any more', async () => {
  const clock = new VirtualClock();
  let roster = rosterOf('mac', 'cloud');
  const inHand: (() => void)[] = [];
  const ask = () =>
    new Promise<never>((_, reject) => inHand.push(() => reject(new MeshError('peer_silent', 'It was silent.'))));
  const followers = new Followers({
    ...{ clock, random: seededRandom(1), log: new RecordingLog(), transport: { ask }, parseAddress: parsePlainAddress },
    ...{ copies: await HostCopies.open(new MemoryStore(), clock), changes: {} as FeedLog, roster: () => roster },
    ...{
      keyOf: () => undefined,
      isLegacy: () => false,
      isMember: () => true,
      voters: () => [],
      isForming: () => false,
    },
  });
  const stop = new AbortController();
  const running = followers.run(stop.signal);
  await nextTurn();
  expect(inHand).toHaveLength(1);
  const moved = roster.hosts.map((host) => (host.id === 'cloud' ? { ...host, url: 'http://elsewhere:23000' } : host));
  roster = rosterFrom(moved, roster.self);
  followers.edited();
  await nextTurn();
  expect(inHand).toHaveLength(1);
  inHand[0]?.();
  await nextTurn();
  expect(inHand).toHaveLength(2);
  stop.abort();
  inHand[1]?.();
  await clock.advance(1);
  await running;
});
