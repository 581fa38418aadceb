// What becomes of an endpoint that does not answer as it should: paused, disabled, enabled again, one state after the other.
// Longer than 300 lines: one life of an endpoint, state after state, read from the top.
import { describe, expect, it } from 'vitest';
import type { Reply } from '../../../support/fake-receiver.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

const DAY_MS = 24 * HOUR_MS;

async function openWorld(): Promise<WebhookWorld> {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

/** Seconds since `fromMs` at which each request came. */
function moments(world: WebhookWorld, fromMs: number): readonly number[] {
  return world.receiver.received.map(({ atMs }) => (atMs - fromMs) / SECOND_MS);
}

describe('an endpoint that is overloaded or out of reach', () => {
  it.each([429, 502, 503, 504, 'unreachable'] as const)('is left alone as a whole after %s', async (reply) => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = () => reply;
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.changes.append('bob');
    await world.clock.advance(3 * SECOND_MS);
    expect(world.receiver.received).toHaveLength(1);
    world.receiver.reply = () => 204;
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1], [1]]);
  });

  it('is asked by one attempt at a time on the schedule, and by everybody once that is accepted', async () => {
    const world = await openWorld();
    await world.subscribe();
    const startMs = world.clock.wallMs();
    let isDown = true;
    world.receiver.reply = () => (isDown ? 503 : 204);
    for (let at = 0; at < 20; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(10 * MINUTE_MS);
    // A burst of 8 is one failure; then one attempt after 5 s, one 5 min later.
    expect(moments(world, startMs)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 5, 305]);
    isDown = false;
    await world.clock.advance(25 * MINUTE_MS + 4 * SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(0);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(20);
    expect(world.receiver.inFlightMost).toBe(8);
  });

  it('stays left alone as long as its Retry-After says, even when another event was accepted beside it', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = async ({ agentId }) => {
      if (agentId === 'ann') return { status: 429, retryAfter: '600' };
      await world.clock.sleep(SECOND_MS);
      return 204;
    };
    world.changes.append('ann');
    world.changes.append('bob');
    world.changes.append('bob');
    await world.clock.advance(599 * SECOND_MS);
    expect(world.receiver.acceptedOf('bob')).toEqual([1]);
    world.receiver.reply = () => 204;
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(3);
  });

  it('is left alone for at most a day, whatever it asks for', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ attempt }) => (attempt === 1 ? { status: 503, retryAfter: '99999999' } : 204);
    world.changes.append('ann');
    await world.clock.advance(DAY_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
  });

  it('is left alone through a restart', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => ({ status: 503, retryAfter: '600' });
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.receiver.reply = () => 204;
    await world.crash();
    world.changes.append('bob');
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({
      failingSince: '2026-01-27T12:00:00.000Z',
      pausedUntil: '2026-01-27T12:10:00.000Z',
    });
    await world.clock.advance(598 * SECOND_MS);
    expect(world.receiver.accepted).toEqual([]);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(2);
  });

  it('lets events die that it could not be asked about, each 72 hours after it happened', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 'unreachable';
    world.changes.append('ann');
    await world.clock.advance(HOUR_MS);
    for (let at = 0; at < 40; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(72 * HOUR_MS - 1);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 40, dead: 1 });
    // Most of them were never sent: every attempt there was found nobody.
    expect(world.receiver.received.length).toBeLessThan(20);
    await world.clock.advance(1);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0, dead: 41 });
  });

  it('is taken to be ill when it refuses the events of eight agents in a row, whatever the status', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = () => 500;
    for (let at = 0; at < 7; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    world.changes.append('agent-7');
    world.changes.append('agent-8');
    await world.clock.advance(SECOND_MS);
    const before = world.receiver.received.length;
    world.changes.append('agent-9');
    await world.clock.advance(SECOND_MS);
    expect([before, world.receiver.received.length]).toEqual([9, 9]);
    world.receiver.reply = () => 204;
    await world.clock.advance(HOUR_MS);
    expect(world.receiver.accepted).toHaveLength(10);
  });
});

describe('a subscription is disabled', () => {
  it('at once by a 410, and its events are held', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 410;
    world.changes.append('ann');
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.changes.append('bob');
    await world.clock.advance(200 * HOUR_MS);
    expect(world.receiver.received).toHaveLength(1);
    expect(await world.webhooks.get(id)).toMatchObject({
      enabled: false,
      disabledReason: 'gone',
      disabledAt: '2026-01-27T12:00:00.000Z',
      deliveries: { pending: 0, held: 3, dead: 0 },
    });
    expect(world.log.named('subscription.disabled')).toMatchObject([
      { fields: { subscriptionId: id, reason: 'gone' } },
    ]);
  });

  it('after 120 hours without a success', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 'unreachable';
    const startMs = world.clock.wallMs();
    world.changes.append('ann');
    for (let hour = 0; hour < 119; hour += 1) {
      await world.clock.advance(HOUR_MS);
      world.changes.append('ann');
    }
    expect(await world.webhooks.get(id)).toMatchObject({ enabled: true });
    await world.clock.advance(10 * HOUR_MS);
    const { enabled, disabledReason, disabledAt, deliveries } = await world.webhooks.get(id);
    expect({ enabled, disabledReason }).toEqual({ enabled: false, disabledReason: 'failing' });
    const hours = (Date.parse(disabledAt ?? '') - startMs) / HOUR_MS;
    expect(hours).toBeGreaterThanOrEqual(120);
    expect(hours).toBeLessThan(128);
    expect(deliveries.held + deliveries.dead).toBe(120);
    // What was younger than its life is held.
    expect(deliveries.held).toBeGreaterThan(60);
  });

  it('only after at least ten attempts', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => ({ status: 503, retryAfter: '86400' });
    for (let day = 0; day < 9; day += 1) {
      world.changes.append('ann');
      await world.clock.advance(DAY_MS - 1);
      expect([day, world.receiver.received.length, (await world.webhooks.get(id)).enabled]).toEqual([
        day,
        day + 1,
        true,
      ]);
      await world.clock.advance(1);
    }
    expect(await world.webhooks.get(id)).toMatchObject({ enabled: false, disabledReason: 'failing' });
  });

  it('not by the first failure after a long silence', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.changes.append('ann');
    await world.clock.advance(400 * HOUR_MS);
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    world.changes.append('bob');
    await world.clock.advance(60 * HOUR_MS);
    expect(world.receiver.received.length).toBeGreaterThan(11);
    expect((await world.webhooks.get(id)).enabled).toBe(true);
  });

  it('when it has as many dead letters as are kept: the next ones are held', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    const key = `webhook/progress/${id}`;
    const progress = JSON.parse(world.store.snapshot().get(key) ?? '');
    await world.open(new Map(world.store.crash()).set(key, JSON.stringify({ ...progress, dead: 99_999 })));
    world.changes.append('ann');
    await world.clock.advance(73 * HOUR_MS);
    expect(await world.webhooks.get(id)).toMatchObject({
      enabled: false,
      disabledReason: 'dead_letters_full',
      deliveries: { dead: 100_000, held: 1 },
    });
  });
});

describe('a subscription that is enabled again', () => {
  it('is told of everything that was held, in order, however old it is', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    await world.webhooks.patch(id, { enabled: false });
    for (const agent of ['ann', 'bob', 'ann']) world.changes.append(agent);
    await world.clock.advance(100 * HOUR_MS);
    await world.crash();
    await world.clock.advance(100 * HOUR_MS);
    expect(await world.webhooks.get(id)).toMatchObject({
      disabledReason: 'operator',
      deliveries: { held: 3, dead: 0 },
    });
    const resumed = await world.webhooks.patch(id, { enabled: true });
    expect(resumed).toMatchObject({ enabled: true, deliveries: { pending: 3, held: 0 } });
    expect(resumed).not.toHaveProperty('disabledReason');
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1, 2], [1]]);
  });

  it('gives what was held a whole life anew', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 410;
    world.changes.append('ann');
    await world.clock.advance(100 * HOUR_MS);
    world.receiver.reply = () => 500;
    await world.webhooks.patch(id, { enabled: true });
    await world.clock.advance(72 * HOUR_MS - 1);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 1, dead: 0 });
    await world.clock.advance(1);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0, dead: 1 });
  });

  it.each([{ enabled: true }, { url: 'http://127.0.0.1:9/elsewhere' }])(
    'or moved is not made to wait for the old pause (%o)',
    async (change) => {
      const world = await openWorld();
      const { id } = await world.subscribe();
      world.receiver.reply = () => ({ status: 503, retryAfter: '86400' });
      world.changes.append('ann');
      await world.clock.advance(SECOND_MS);
      world.receiver.reply = () => 204;
      if (change.enabled) await world.webhooks.patch(id, { enabled: false });
      await world.webhooks.patch(id, change);
      await world.clock.advance(SECOND_MS);
      expect(world.receiver.acceptedOf('ann')).toEqual([1]);
    },
  );

  it('or moved keeps the moment of its last success', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    const before = (await world.webhooks.get(id)).deliveries.lastSuccessAt;
    const { deliveries } = await world.webhooks.patch(id, { url: 'http://127.0.0.1:9/elsewhere' });
    expect([typeof before, deliveries.lastSuccessAt]).toEqual(['string', before]);
  });

  it.each([410, 503, { status: 503, retryAfter: '600' }, { status: 500, retryAfter: '600' }] as const)(
    'or moved is not judged by what the old URL answers afterwards (%j)',
    async (answer) => {
      const world = await openWorld();
      const { id } = await world.subscribe();
      const old = Promise.withResolvers<Reply>();
      world.receiver.reply = () => old.promise;
      world.changes.append('ann');
      await world.clock.advance(SECOND_MS);
      world.receiver.reply = () => 204;
      await world.webhooks.patch(id, { url: 'http://127.0.0.1:9/elsewhere' });
      old.resolve(answer);
      await world.clock.settle();
      expect(world.receiver.accepted.map(({ url, attempt }) => [url, attempt])).toEqual([
        ['http://127.0.0.1:9/elsewhere', 2],
      ]);
      expect(await world.webhooks.get(id)).toMatchObject({
        enabled: true,
        deliveries: { pending: 0, failingSince: null, pausedUntil: null },
      });
    },
  );

  it('is not disabled by an attempt that was made before', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    const slow = Promise.withResolvers<Reply>();
    world.receiver.reply = ({ agentId }) => (agentId === 'ann' ? slow.promise : 410);
    for (const agent of ['ann', 'bob']) world.changes.append(agent);
    await world.clock.advance(SECOND_MS);
    world.receiver.reply = () => 204;
    await world.webhooks.patch(id, { enabled: true });
    slow.resolve(410);
    await world.clock.settle();
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1], [1]]);
  });

  it('or moved forgets its old due times for good', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => ({ status: 500, retryAfter: '86400' });
    for (let at = 0; at < 8; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(HOUR_MS);
    world.changes.append('agent-8');
    await world.clock.settle();
    world.receiver.reply = () => 'silence';
    await world.webhooks.patch(id, { url: 'http://127.0.0.1:9/elsewhere' });
    await world.clock.advance(SECOND_MS);
    const inFlight = new Set(world.receiver.received.slice(8).map(({ agentId }) => agentId));
    expect(inFlight.size).toBe(8);
    // One was refused before and is due now; so it is after a restart.
    world.receiver.reply = () => 204;
    await world.crash();
    await world.clock.advance(1);
    expect(world.receiver.accepted.map(({ agentId }) => inFlight.has(agentId))).toEqual([false]);
    expect(world.receiver.accepted[0]?.attempt).toBe(2);
  });
});
