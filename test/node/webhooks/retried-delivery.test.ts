// One delivery that is sent again because somebody asks for it.
import { describe, expect, it } from 'vitest';
import { LIFE_MS, openDead, openWorld } from '../../support/dead-letters.ts';
import { HOUR_MS, SECOND_MS, type WebhookWorld } from '../../support/webhook-world.ts';

const all = { status: 'all', dryRun: false } as const;
const dead = { status: 'dead', dryRun: false } as const;

describe('what is asked of a webhook that is removed meanwhile', () => {
  const asked = {
    retry: (world: WebhookWorld, id: string) => world.webhooks.deliveries.retry(id, 'msg_1'),
    replay: (world: WebhookWorld, id: string) => world.webhooks.deliveries.replay(id, all),
    release: (world: WebhookWorld, id: string) =>
      world.webhooks.deliveries.replay(id, { status: 'held', dryRun: false }),
  };

  it.each(['retry', 'replay', 'release'] as const)('is refused with 404: %s', async (what) => {
    const { world, id } = await openDead();
    const answer = expect(asked[what](world, id)).rejects.toMatchObject({ code: 'not_found' });
    await world.webhooks.remove(id);
    await answer;
  });
});

describe('a delivery that is retried', () => {
  it('is attempted at once when it waits for its time, and asks a receiver that is left alone', async () => {
    const { world, id } = await openWorld();
    world.receiver.reply = () => ({ status: 503, retryAfter: '86400' });
    for (const agent of ['ann', 'bob']) world.changes.append(agent);
    await world.clock.advance(SECOND_MS);
    const before = world.receiver.received.length;
    await world.webhooks.deliveries.retry(id, 'msg_1');
    await world.clock.advance(SECOND_MS);
    // One attempt alone, and the receiver is left alone again.
    expect(world.receiver.received.length).toBe(before + 1);
    world.receiver.reply = () => 204;
    await world.webhooks.deliveries.retry(id, 'msg_1');
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1], [1]]);
  });

  it('is refused while an earlier one of its agent waits, which is named', async () => {
    const { world, id } = await openWorld();
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await expect(world.webhooks.deliveries.retry(id, 'msg_2')).rejects.toMatchObject({
      code: 'conflict',
      extra: { waitsFor: 1 },
    });
  });

  it('leaves the dead letters when it is accepted, with the same id and the same bytes', async () => {
    const { world, id } = await openDead();
    const first = world.receiver.received.find(({ id: its }) => its === 'msg_1');
    await world.webhooks.deliveries.retry(id, 'msg_1');
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toMatchObject([{ id: 'msg_1', text: first?.text, attempt: 1 }]);
    const shown = await world.webhooks.get(id);
    expect([shown.deliveries.dead, shown.replays]).toEqual([2, undefined]);
    expect(Object.keys(world.stored('webhook/')).filter((key) => /dead|replay/.test(key))).toHaveLength(2);
    expect(await world.webhooks.deliveries.get(id, 'msg_1')).toMatchObject({ status: 'delivered' });
  });

  it('is one dead letter still when it dies again, with its new attempts', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = () => 501;
    await world.webhooks.deliveries.retry(id, 'msg_1');
    await world.clock.advance(LIFE_MS - 1);
    expect(await world.webhooks.deliveries.get(id, 'msg_1')).toMatchObject({ status: 'dead', isReplayed: true });
    await world.crash();
    await world.clock.advance(2 * SECOND_MS);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ dead: 3 });
    const again = await world.webhooks.deliveries.get(id, 'msg_1');
    expect([again.status, again.isReplayed, again.attempts.at(-1)?.status]).toEqual(['dead', undefined, 501]);
  });

  it('once more is the same retry, hastened', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = () => 500;
    for (let at = 0; at < 5; at += 1) {
      await world.webhooks.deliveries.retry(id, 'msg_1');
      await world.clock.advance(SECOND_MS);
    }
    expect((await world.webhooks.get(id)).replays).toHaveLength(1);
    expect((await world.webhooks.deliveries.get(id, 'msg_1')).attempts).toHaveLength(5);
  });

  it('twice at the same moment is one retry', async () => {
    const { world, id } = await openDead();
    await Promise.all([world.webhooks.deliveries.retry(id, 'msg_1'), world.webhooks.deliveries.retry(id, 'msg_1')]);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
    expect((await world.webhooks.get(id)).deliveries.dead).toBe(2);
  });

  it('leaves the dead letters once, though a replay sends it too before that is durable', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = () => 500;
    await world.webhooks.deliveries.retry(id, 'msg_1');
    await world.clock.advance(SECOND_MS);
    // The retry is due again while the replay's attempt is in flight.
    world.receiver.reply = async ({ agentId }) => {
      if (agentId === 'bob') return 500;
      await world.clock.sleep(10 * SECOND_MS);
      world.store.stall();
      return 204;
    };
    await world.webhooks.deliveries.replay(id, dead);
    await world.clock.advance(12 * SECOND_MS);
    world.receiver.reply = ({ agentId }) => (agentId === 'bob' ? 500 : 204);
    world.store.resume();
    await world.clock.advance(60 * SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1, 1, 2]);
    expect(Object.keys(world.stored('webhook/dead/'))).toHaveLength(1);
    expect((await world.webhooks.get(id)).deliveries.dead).toBe(1);
  });

  it('goes out again though it was accepted', async () => {
    const { world, id } = await openWorld();
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await world.webhooks.deliveries.retry(id, '1');
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1, 1]);
  });

  it('is refused while the subscription is disabled, and for one that is not there', async () => {
    const { world, id } = await openDead();
    await expect(world.webhooks.deliveries.retry(id, 'none')).rejects.toMatchObject({ code: 'not_found' });
    await world.webhooks.patch(id, { enabled: false });
    await expect(world.webhooks.deliveries.retry(id, '1')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('is one of 64 at the most, beyond which a span can be replayed', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 65; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    world.receiver.reply = () => 500;
    for (let at = 1; at <= 64; at += 1) await world.webhooks.deliveries.retry(id, String(at));
    await expect(world.webhooks.deliveries.retry(id, '65')).rejects.toMatchObject({ code: 'limit_exceeded' });
    world.receiver.reply = () => 204;
    await world.webhooks.deliveries.replay(id, all);
    await world.clock.advance(HOUR_MS);
    expect(await world.webhooks.get(id)).not.toHaveProperty('replays');
  });
});
