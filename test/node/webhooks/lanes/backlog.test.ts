// How many events wait, counted from the log when somebody asks.
import { describe, expect, it } from 'vitest';
import { countPending } from '../../../../node/webhooks/lanes/backlog.ts';
import { Lanes } from '../../../../node/webhooks/lanes/lanes.ts';
import { CURSOR_UNSAVED_ENTRIES_MAX } from '../../../../node/webhooks/lanes/stream.ts';
import { LogPages } from '../../../../node/webhooks/records/log-pages.ts';
import { MemoryChangeLog } from '../../../support/memory-change-log.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld() {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

describe('the number of events that wait', () => {
  it.each([1, 2, 3, 4, 5, 6])('is what was appended and not accepted, at any moment (seed %i)', async (seed) => {
    const world = await openWorld();
    await world.subscribe();
    const random = seededRandom(seed);
    let blocked = new Set<string>();
    world.receiver.reply = ({ agentId }) => (blocked.has(agentId) ? 500 : 204);
    let [wanted, waits] = [0, 0];
    for (let round = 0; round < 30; round += 1) {
      blocked = new Set(['ann', 'bob', 'cid', 'dot'].filter(() => random.next() < 0.5));
      for (let at = 0; at < random.next() * 60; at += 1) {
        const isWanted = random.next() < 0.8;
        const agent = ['ann', 'bob', 'cid', 'dot'][Math.floor(random.next() * 4)] as string;
        world.changes.append(agent, isWanted ? 'agent.email.changed' : 'agent.updated');
        if (isWanted) wanted += 1;
      }
      if (random.next() < 0.3) await world.crash();
      await world.clock.advance(random.next() * 400 * SECOND_MS);
      const { pending } = await world.totals();
      expect(pending).toBe(
        wanted - new Set(world.receiver.accepted.map(({ sequence, agentId }) => `${agentId} ${sequence}`)).size,
      );
      if (pending > 16) waits += 1;
    }
    expect(waits).toBeGreaterThan(3);
  });

  it('is one that at least wait, where the log has more than is read of it', async () => {
    const changes = new MemoryChangeLog(() => 0);
    for (let at = 0; at < 1_000; at += 1) changes.append('ann', at % 2 === 0 ? 'agent.updated' : 'agent.created');
    const lanes = new Lanes(
      0,
      ({ event }) => event === 'agent.created',
      () => {},
    );
    expect(await countPending(lanes, new LogPages(changes), 2)).toEqual({ events: 128, isAtLeast: true });
    expect(changes.entriesRead).toBe(256);
    expect(await countPending(lanes, new LogPages(changes))).toEqual({ events: 500, isAtLeast: false });
  });

  it('is that of the moment of the question, though the log grows while it is read', async () => {
    const changes = new MemoryChangeLog(() => 0);
    changes.append('ann');
    const lanes = new Lanes(
      0,
      () => true,
      () => {},
    );
    const counting = countPending(lanes, {
      head: 1,
      after: (seq) => Promise.resolve().then(() => changes.read(seq, 10)),
    });
    changes.append('ann');
    expect(await counting).toEqual({ events: 1, isAtLeast: false });
  });

  it('is read once for all who ask at the same moment', async () => {
    const changes = new MemoryChangeLog(() => 0);
    for (let at = 0; at < 10; at += 1) changes.append('ann');
    const pages = new LogPages(changes);
    await Promise.all([pages.after(0), pages.after(0), pages.after(0)]);
    expect(changes.entriesRead).toBe(10);
  });

  const stored = { subscriptionId: 'w', agentId: 'ann', bornMs: 0, attempts: 0, dueMs: 0, history: [] };

  it('leaves out an event that is yet to be looked for, until the log shows it', async () => {
    const changes = new MemoryChangeLog(() => 0);
    for (const agent of ['bob', 'bob', 'ann']) changes.append(agent);
    const lanes = new Lanes(
      3,
      () => true,
      () => {},
    );
    lanes.restore({ ...stored, seq: 2, isFound: false });
    expect(lanes.waiting().known).toBe(0);
    expect(await countPending(lanes, new LogPages(changes))).toEqual({ events: 1, isAtLeast: false });
  });

  it('counts each event once while the lanes are told what stands behind them', async () => {
    const changes = new MemoryChangeLog(() => 0);
    for (let at = 0; at < 6; at += 1) changes.append('ann');
    const lanes = new Lanes(
      6,
      () => true,
      () => {},
    );
    lanes.restore({ ...stored, seq: 1, isFound: true });
    lanes.recall(await changes.read(1, 2), new Set(lanes.all()));
    expect(await countPending(lanes, new LogPages(changes))).toEqual({ events: 6, isAtLeast: false });
  });

  it('says so in the answer', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    await world.webhooks.patch(id, { enabled: false });
    for (let at = 0; at < 20_000; at += 1) world.changes.append('ann');
    const { deliveries } = await world.webhooks.get(id);
    expect([deliveries.atLeast, deliveries.held > 1_000, deliveries.held < 20_000]).toEqual([true, true, true]);
  });

  it('is forgotten by records that still have it', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    const key = `webhook/progress/${id}`;
    const former = { ...(world.stored(key)[key] as object), countedTo: 1, pending: 7 };
    await world.open(new Map([...world.store.crash(), [key, JSON.stringify(former)]]));
    expect(await world.totals()).toMatchObject({ pending: 0 });
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    expect(Object.keys(world.stored(key)[key] as object)).toEqual([
      'cursor',
      'dead',
      'deadDropped',
      'acceptedRecords',
      'endpoint',
    ]);
  });
});

describe('the place of a subscription in the log', () => {
  it('is written down though nothing was wanted, so that a restart reads little again', async () => {
    const world = await openWorld();
    await world.subscribe({ events: ['agent.created'] });
    for (let at = 0; at < 3 * CURSOR_UNSAVED_ENTRIES_MAX; at += 1) world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.changes.entriesRead = 0;
    await world.crash();
    await world.clock.advance(SECOND_MS);
    expect(world.changes.entriesRead).toBeLessThanOrEqual(CURSOR_UNSAVED_ENTRIES_MAX);
  });

  it('costs one read of the log for all that are there', async () => {
    const world = await openWorld();
    for (let at = 0; at < 5; at += 1) await world.subscribe({ url: `http://127.0.0.1:${at + 1}/` });
    for (let at = 0; at < 400; at += 1) world.changes.append(`agent-${at % 50}`);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(5 * 400);
    expect(world.changes.entriesRead).toBeLessThan(600);
  });
});
