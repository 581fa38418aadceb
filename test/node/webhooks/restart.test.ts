// How the webhooks come back: whose lanes are whose, and what is left of a subscription that was removed.
import { describe, expect, it } from 'vitest';
import type { ChannelPorts } from '../../../node/webhooks/delivery/channel.ts';
import { Ledger } from '../../../node/webhooks/records/ledger.ts';
import { erase, loadChannels, removing } from '../../../node/webhooks/restart.ts';
import { NEW_ENDPOINT } from '../../../node/webhooks/schedule/endpoint.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const AT_MS = Date.UTC(2026, 0, 27, 12);
const lane = (subscriptionId: string, agentId: string, seq = 1) => ({
  ...{ subscriptionId, agentId, seq, isFound: true, bornMs: AT_MS, attempts: 0, dueMs: 0, history: [] },
});
const replay = (subscriptionId: string, id: string) => ({
  ...{ subscriptionId, id, source: 'all', isSingle: false, cursor: 2, toSeq: 9 },
  ...{ sinceMs: 0, untilMs: AT_MS, startedMs: AT_MS },
});
const subscription = (id: string) => ({
  ...{ id, url: 'https://x.com/', secret: 's', isEnabled: true, resumedMs: 0 },
  epochs: [{ fromSeq: 1, events: ['agent.updated'], scope: 'mesh' }],
  ...{ createdAt: '2026-01-27T12:00:00.000Z', updatedAt: '2026-01-27T12:00:00.000Z' },
});
const progress = { cursor: 1, dead: 0, endpoint: NEW_ENDPOINT };

function world(records: Readonly<Record<string, unknown>>) {
  const store = new MemoryStore({
    disk: new Map(Object.entries(records).map(([key, value]) => [key, JSON.stringify(value)])),
  });
  const clock = new VirtualClock(AT_MS);
  const ports = { clock, random: seededRandom(1), log: new RecordingLog(), ledger: new Ledger(store) };
  return { store, load: () => loadChannels(store, ports as unknown as ChannelPorts) };
}

/** Everything that is kept of a subscription `id`. */
const all = (id: string) => ({
  [`webhook/subscription/${id}`]: subscription(id),
  [`webhook/progress/${id}`]: progress,
  [`webhook/lane/${id}/a1`]: lane(id, 'a1'),
  [`webhook/lane/${id}/a3`]: lane(id, 'a3'),
  [`webhook/replay/${id}/r1-${id}`]: replay(id, `r1-${id}`),
  [`webhook/replay-lane/${id}/r1-${id}/a2`]: lane(id, 'a2', 2),
  [`webhook/dead/${id}/0000000000000001`]: { any: 1 },
  [`webhook/accepted/${id}/0`]: { any: 1 },
});

describe('subscriptions that come back', () => {
  it('have their own lanes and replays', async () => {
    const { load } = world({ ...all('w1'), ...all('w2') });
    const channels = await load();
    expect([...channels.keys()].sort()).toEqual(['w1', 'w2']);
    for (const [id, channel] of channels) {
      expect([...channel.lanes.all()].map(({ name }) => name)).toEqual(['a1', 'a3']);
      expect(channel.replays.all().map((one) => one.id)).toEqual([`r1-${id}`]);
      expect(channel.replays.sending(2)?.lane?.name).toBe('a2');
    }
  });

  it.each([
    ['has no place in the log', { 'webhook/progress/w1': undefined }, "'w1' but not its place"],
    ['has a lane that can not be read', { 'webhook/lane/w1/a1': { subscriptionId: 'w1' } }, "'webhook/lane/w1/a1'"],
    ['has a replay that can not be read', { 'webhook/replay/w1/r1-w1': {} }, "'webhook/replay/w1/r1-w1'"],
    ['can not be read', { 'webhook/subscription/w1': { id: 'w1' } }, "'webhook/subscription/w1'"],
  ])('end the start where one %s', async (_, broken, words) => {
    const records = Object.fromEntries(
      Object.entries({ ...all('w1'), ...broken }).filter(([, value]) => value !== undefined),
    );
    await expect(world(records).load()).rejects.toMatchObject({
      code: 'store_failed',
      message: expect.stringContaining(words),
    });
  });
});

describe('a subscription that was removed', () => {
  it('is erased at the next start, to its last record, and no other with it', async () => {
    const { 'webhook/subscription/w1': _, ...left } = all('w1');
    const mark = removing('w1');
    const others = all('w10');
    const { store, load } = world({ ...left, ...others, [mark.key]: mark.value });
    expect([...(await load()).keys()]).toEqual(['w10']);
    expect([...store.snapshot().keys()].sort()).toEqual(Object.keys(others).sort());
  });

  it('is erased again where a crash came in the midst of it', async () => {
    const { store } = world({ 'webhook/removing/w1': { id: 'w1' }, 'webhook/dead/w1/0000000000000001': { any: 1 } });
    await erase(store, 'w1');
    await erase(store, 'w1');
    expect([...store.snapshot().keys()]).toEqual([]);
  });
});
