// A host that relays tell of, and that says itself what can't be believed.
import { expect, it } from 'vitest';
import { firstChain } from '../../../mesh/feed/chain.ts';
import { EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import { signHead } from '../../../mesh/feed/head.ts';
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
    relays: { isOn: true, directly: new DirectPlaces(clock) },
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
