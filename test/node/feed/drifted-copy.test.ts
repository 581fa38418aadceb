import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { parseIdentityAddress } from '../../../mesh/address/identity.ts';
import { FEED_PATH, FEED_VERSION, type FeedQuestion, type SnapshotQuestion } from '../../../mesh/feed/messages.ts';
import type { PeerTransport } from '../../../mesh/ports.ts';
import { FeedServer } from '../../../node/feed/feed-server.ts';
import { HostCopies } from '../../../node/feed/host-copies.ts';
import { HostFollower } from '../../../node/feed/host-follower.ts';
import { aRow, nothing, openTestLog, ownEntry } from '../../support/log-entries.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { testKeys } from '../../support/test-keys.ts';

const { mac } = testKeys('mac');
const TURNS_MAX = 200;

it('a copy that has lost a row is put right by a snapshot when an entry changes that row', async () => {
  const [{ changes, clock, log }, here] = [await openTestLog(), await openTestLog({ seed: 2 })];
  const [lost, now] = [aRow('a@x.com'), aRow('a@x.com', { displayName: 'A' })];
  const agent = { id: lost.agentId, name: lost.agentName, sequence: 2, rows: [now] };
  const ports = { clock, random: seededRandom(1), log, index: () => '"1"' };
  const agents = () => [{ read: () => agent }];
  const server = new FeedServer({ ...ports, hostId: mac.id, changes, agents, signer: mac.signer });
  const stop = new AbortController();
  const transport: PeerTransport = {
    ask: async ({ path, body }) => ({
      status: 200,
      body:
        path === FEED_PATH
          ? await server.answer(body as FeedQuestion, stop.signal)
          : await server.snapshot(body as SnapshotQuestion),
    }),
  };
  await changes.append([ownEntry(1, { rows: { put: [lost], drop: [] } })], [], nothing);
  const copies = await HostCopies.open(here.store, clock);
  const page = server.snapshot({ version: FEED_VERSION, from: 0 });
  if (page.kind === 'gone') throw new Error('There is no snapshot of the host.');
  copies.change(mac.id, { rows: { put: [], drop: [] }, agents: new Map(), head: page.head }).apply();
  await changes.append([ownEntry(2, { rows: { put: [now], drop: [] }, replaced: [lost] })], [], nothing);
  const follower = new HostFollower({
    ...{ ...ports, hostId: mac.id, transport, changes: here.changes, copies, parseAddress: parseIdentityAddress },
    ...{ isLegacy: () => false, legacy: { read: async () => undefined }, key: () => mac.key },
  });
  const ended = follower.run(stop.signal);
  for (let turn = 0; turn < TURNS_MAX && follower.view.state !== 'following'; turn += 1) await nextTurn();
  expect(follower.view.state).toBe('following');
  expect([...copies.copy.ofHost(mac.id)]).toEqual([now]);
  expect(log.named('feed.drifted')).toHaveLength(1);
  stop.abort();
  await ended;
});
