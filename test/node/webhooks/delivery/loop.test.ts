import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld(): Promise<WebhookWorld> {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

/** Moments of the attempts at one agent's events, in seconds since the first. */
function secondsOf(world: WebhookWorld, agentId: string): readonly number[] {
  const moments = world.receiver.received.filter((one) => one.agentId === agentId).map((one) => one.atMs);
  return moments.map((atMs) => (atMs - (moments[0] ?? 0)) / SECOND_MS);
}

describe('a change', () => {
  it('reaches a subscription that wants it, each agent in order', async () => {
    const world = await openWorld();
    await world.subscribe();
    for (const agent of ['ann', 'bob', 'ann', 'ann', 'bob']) world.changes.append(agent);
    await world.clock.advance(1);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([
      [1, 2, 3],
      [1, 2],
    ]);
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0, inFlight: 0 });
  });

  it('is told in one line of the log per attempt', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = ({ attempt }) => (attempt === 1 ? 503 : 200);
    world.changes.append('ann');
    await world.clock.advance(5 * SECOND_MS);
    const line = { deliveryId: 'msg_1', subscriptionId: id, agentId: 'ann', seq: 1 };
    expect(world.attempts).toEqual([
      { ...line, attempt: 1, status: 503, tookMs: 0, nextTryAt: '2026-01-27T12:00:05.000Z' },
      { ...line, attempt: 2, status: 200, tookMs: 0, nextTryAt: null },
    ]);
  });

  it.each<[string, (world: WebhookWorld) => void]>([
    [
      'the sender has a bug',
      ({ changes, receiver }) => {
        receiver.reply = ({ agentId }) => {
          if (agentId === 'ann') throw new Error('A bug.');
          return 204;
        };
        changes.append('ann');
      },
    ],
    ['its entry can not be told', ({ changes }) => void changes.hear('cloud', 'ann', { changes: null as never })],
  ])('at which the node itself fails, for %s, is tried again, and delays no other one', async (_, begin) => {
    const world = await openWorld();
    await world.subscribe();
    begin(world);
    world.changes.append('bob');
    await world.clock.advance(SECOND_MS);
    world.changes.append('bob');
    await world.clock.advance(5 * SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[], [1, 2]]);
    const ofAnn = world.attempts.filter(({ agentId }) => agentId === 'ann');
    expect(ofAnn.map(({ attempt, error }) => [attempt, error])).toEqual([
      [1, 'internal_error'],
      [2, 'internal_error'],
    ]);
    expect(world.log.named('delivery.crashed')).toHaveLength(2);
  });

  it('made before a subscription is never told to it', async () => {
    const world = await openWorld();
    world.changes.append('ann');
    await world.subscribe();
    world.changes.append('ann');
    await world.clock.advance(1);
    expect(world.receiver.acceptedOf('ann')).toEqual([2]);
  });

  it('is told only to subscriptions that want its event', async () => {
    const world = await openWorld();
    await world.subscribe({ url: 'http://127.0.0.1:1/', events: ['agent.created'] });
    await world.subscribe({ url: 'http://127.0.0.1:2/', events: ['agent.deleted', 'agent.updated'] });
    for (const event of ['agent.created', 'agent.email.changed', 'agent.updated', 'agent.deleted'] as const) {
      world.changes.append('ann', event);
    }
    await world.clock.advance(1);
    const told = world.receiver.accepted.map((one) => `${one.url} ${one.headers['X-Webhook-Event']}`);
    expect(told.sort()).toEqual([
      'http://127.0.0.1:1/ agent.created',
      'http://127.0.0.1:2/ agent.deleted',
      'http://127.0.0.1:2/ agent.updated',
    ]);
  });

  it('goes by what the subscription wanted when it happened, however late it is delivered', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe({ events: ['agent.created'] });
    world.receiver.reply = () => 503;
    world.changes.append('ann', 'agent.created');
    world.changes.append('bob', 'agent.updated');
    await world.clock.advance(1);
    await world.webhooks.patch(id, { events: ['agent.updated'] });
    world.changes.append('ann', 'agent.created');
    world.changes.append('bob', 'agent.updated');
    await world.crash();
    world.receiver.reply = () => 204;
    await world.clock.advance(5 * SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1], [2]]);
  });

  it('goes by what the subscription wanted when it happened, though it was held since', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe({ events: ['agent.created'] });
    await world.webhooks.patch(id, { enabled: false });
    world.changes.append('ann', 'agent.created');
    world.changes.append('bob', 'agent.updated');
    await world.webhooks.patch(id, { events: ['agent.updated'] });
    world.changes.append('ann', 'agent.created');
    world.changes.append('bob', 'agent.updated');
    await world.crash();
    await world.webhooks.patch(id, { enabled: true });
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1], [2]]);
  });

  it('is written down as begun before the receiver hears of it', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.store.stall();
    world.changes.append('ann');
    await world.clock.advance(HOUR_MS);
    expect(world.receiver.received).toEqual([]);
    let atPost: unknown;
    world.receiver.reply = () => {
      atPost = world.stored(`webhook/lane/${id}/`);
      return 204;
    };
    world.store.resume();
    await world.clock.advance(1);
    expect(atPost).toMatchObject({ [`webhook/lane/${id}/ann`]: { seq: 1, attempts: 1 } });
    expect(world.stored(`webhook/lane/${id}/`)).toEqual({});
  });
});

describe('an event that is refused', () => {
  it('is tried on the schedule of Standard Webhooks, then becomes a dead letter 72 hours after it happened', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 500;
    const entry = world.changes.append('ann');
    await world.clock.advance(72 * HOUR_MS - 1);
    const minutes = secondsOf(world, 'ann').map((seconds) => seconds / 60);
    const waits = minutes.map((at, attempt) => Math.round((at - (minutes[attempt - 1] ?? 0)) * 60));
    expect(waits).toEqual([0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000]);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 1, dead: 0 });
    await world.clock.advance(1);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0, dead: 1 });
    const history = world.receiver.received.map(({ attempt, atMs }) => ({ attempt, atMs, tookMs: 0, status: 500 }));
    const letter = { reason: 'expired', attempts: 9, history, diedAt: '2026-01-30T12:00:00.000Z', entry };
    expect(world.stored('webhook/dead/')).toMatchObject({ [`webhook/dead/${id}/0000000000000001`]: letter });
    expect(world.log.named('delivery.died')).toMatchObject([{ fields: { deliveryId: entry.id, attempts: 9 } }]);
  });

  it.each([500, 503])('holds back the next event of its agent through back-off (%i)', async (status) => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ sequence, attempt }) => (sequence === 1 && attempt <= 2 ? status : 204);
    world.changes.append('ann');
    world.changes.append('ann');
    await world.clock.advance(5 * MINUTE_MS + 4 * SECOND_MS);
    expect(world.receiver.received.map((one) => one.sequence)).toEqual([1, 1]);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1, 2]);
  });

  it('does not hold back other agents', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ agentId }) => (agentId === 'ann' ? 500 : 204);
    world.changes.append('ann');
    for (let at = 0; at < 1_000; at += 1) world.changes.append(`other-${at % 10}`);
    await world.clock.advance(1);
    expect(world.receiver.accepted).toHaveLength(1_000);
    expect(await world.totals()).toMatchObject({ pending: 1 });
  });

  it('lets everything behind it go on in order when it is accepted, across a restart too', async () => {
    const world = await openWorld();
    await world.subscribe();
    let isBlocked = true;
    world.receiver.reply = ({ agentId }) => (isBlocked && agentId === 'ann' ? 500 : 204);
    for (let at = 0; at < 300; at += 1) {
      world.changes.append('ann');
      world.changes.append('bob');
    }
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('bob')).toHaveLength(300);
    await world.crash();
    for (let at = 0; at < 50; at += 1) world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    expect(await world.totals()).toMatchObject({ pending: 350 });
    isBlocked = false;
    await world.clock.advance(HOUR_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual(Array.from({ length: 350 }, (_, at) => at + 1));
    expect(world.receiver.acceptedOf('bob')).toHaveLength(300);
    expect(world.stored('webhook/lane/')).toEqual({});
  });

  it('is tried no earlier than Retry-After asks, and at its place in the schedule when that is later', async () => {
    const world = await openWorld();
    await world.subscribe();
    const asked = ['60', '1', 'Tue, 27 Jan 2026 14:00:00 GMT'];
    world.receiver.reply = ({ attempt }) => ({ status: 500, retryAfter: asked[attempt - 1] ?? '' });
    world.changes.append('ann');
    await world.clock.advance(2 * HOUR_MS);
    expect(secondsOf(world, 'ann')).toEqual([0, 60, 360, 7_200]);
  });

  it('has the same bytes and the same id on each attempt, though it came back from the disk in between', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ attempt }) => (attempt < 3 ? 500 : 204);
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await world.crash();
    await world.clock.advance(HOUR_MS);
    const [first, second, third] = world.receiver.received;
    expect([second?.text, third?.text]).toEqual([first?.text, first?.text]);
    expect(world.receiver.received.map((one) => one.headers['webhook-id'])).toEqual(['msg_1', 'msg_1', 'msg_1']);
    expect(third?.headers['webhook-timestamp']).not.toBe(first?.headers['webhook-timestamp']);
    expect(third?.headers['webhook-signature']).not.toBe(first?.headers['webhook-signature']);
  });

  it('is tried at least once, even when the node was off for longer than its life', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.store.stall();
    world.changes.append('ann');
    await world.clock.advance(80 * HOUR_MS);
    await world.crash();
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
  });
});
