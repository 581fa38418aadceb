import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
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

/** `mac`, which shows one address, and its copy here, where that address is `shown` or not. */
async function follow(shown: boolean) {
  const [{ changes, clock, log }, here] = [await openTestLog(), await openTestLog({ seed: 2 })];
  const [was, now] = [aRow('a@x.com'), aRow('a@x.com', { displayName: 'A' })];
  const agent = { id: was.agentId, name: was.agentName, sequence: 2, rows: [was] };
  const ports = { clock, random: seededRandom(1), log, index: () => '"1"' };
  const agents = () => [{ read: () => ({ ...agent }) }];
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
  await changes.append([ownEntry(1, { rows: { put: [was], drop: [] } })], [], nothing);
  const copies = await HostCopies.open(here.store, clock);
  const page = server.snapshot({ version: FEED_VERSION, from: 0 });
  if (page.kind === 'gone') throw new Error('There is no snapshot of the host.');
  const rows = { put: shown ? [was] : [], drop: [] };
  copies.change(mac.id, { rows, agents: new Map(), standing: page.head }).apply();
  const follower = new HostFollower({
    ...{ ...ports, hostId: mac.id, transport, changes: here.changes, copies, parseAddress: parseIdentityAddress },
    ...{ isLegacy: () => false, legacy: { read: async () => undefined }, key: () => mac.key },
  });
  const ended = follower.run(stop.signal);
  const until = async (isSo: () => boolean) => {
    for (let turn = 0; turn < TURNS_MAX && !isSo(); turn += 1) await nextTurn();
  };
  await until(() => follower.view.state === 'following');
  const change = async () => {
    agent.rows = [now];
    await changes.append([ownEntry(2, { rows: { put: [now], drop: [] }, replaced: [was] })], [], nothing);
    await until(() => copies.head(mac.id)?.n === 2);
  };
  const end = () => {
    stop.abort();
    return ended;
  };
  return { copies, follower, log, was, now, change, end, shown: () => [...copies.copy.ofHost(mac.id)] };
}

describe('a copy that has lost a row', () => {
  it('is noticed at the start, and put right by a snapshot', async () => {
    const { follower, log, was, shown, end } = await follow(false);
    expect([follower.view.state, shown()]).toEqual(['following', [was]]);
    expect(log.named('feed.drifted')).toHaveLength(1);
    await end();
  });

  it('is put right when an entry changes that row, where it was lost later', async () => {
    const { copies, log, was, now, change, shown, end } = await follow(true);
    expect(log.named('feed.drifted')).toEqual([]);
    copies.copy.change(mac.id, { drop: [was.key], put: [] });
    await change();
    expect([shown(), log.named('feed.drifted').length]).toEqual([[now], 1]);
    await end();
  });
});
