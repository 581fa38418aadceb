// Attempts are noted on the disk before there is a place for them: a slow disk then keeps no place waiting, and what was noted and not
// made counts for nothing.
import { describe, expect, it } from 'vitest';
import { HOUR_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld(agents: number, events: number) {
  const world = new WebhookWorld();
  await world.open();
  const { id } = await world.subscribe();
  const append = () => {
    for (let at = 0; at < events; at += 1) world.changes.append(`agent-${at % agents}`);
  };
  return { world, id, append };
}

describe('an attempt that is noted ahead', () => {
  it('begins when a place is free, and waits for no disk then', async () => {
    const { world, append } = await openWorld(100, 800);
    world.diskMs = () => 50;
    world.receiver.reply = async () => {
      await world.clock.sleep(10);
      return 204;
    };
    append();
    // Eight places that wait for the disk each time would take six seconds.
    await world.clock.advance(2 * SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(800);
    expect(world.receiver.inFlightMost).toBe(8);
  });

  it('is taken back when the receiver is left alone, and is the first one later', async () => {
    const { world, id, append } = await openWorld(30, 30);
    world.receiver.reply = () => 503;
    append();
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.received).toHaveLength(8);
    const lanes = Object.values(world.stored(`webhook/lane/${id}/`)) as readonly { readonly attempts: number }[];
    expect(lanes.map(({ attempts }) => attempts).sort()).toEqual([...Array(22).fill(0), ...Array(8).fill(1)]);
    world.receiver.reply = () => 204;
    await world.clock.advance(HOUR_MS);
    const first = world.receiver.accepted.filter(({ attempt }) => attempt === 1).length;
    expect([world.receiver.accepted.length, first]).toEqual([30, 22]);
  });

  it('is taken back when the subscription is disabled', async () => {
    const { world, id, append } = await openWorld(30, 30);
    world.receiver.reply = () => 'silence';
    append();
    await world.clock.advance(SECOND_MS);
    await world.webhooks.patch(id, { enabled: false });
    await world.clock.settle();
    const attempts = (await world.webhooks.deliveries.list(id, { afterSeq: 0, limit: 100 })).deliveries.map(
      ({ attemptCount }) => attemptCount,
    );
    expect(attempts.filter((count) => count === 0)).toHaveLength(22);
  });

  it('is taken back when the node stops, and is due at once after the next start', async () => {
    const { world, append } = await openWorld(30, 30);
    world.receiver.reply = async () => {
      await world.clock.sleep(2 * SECOND_MS);
      return 204;
    };
    append();
    await world.clock.advance(SECOND_MS);
    const stopped = world.stop();
    await world.clock.advance(SECOND_MS);
    await stopped;
    world.receiver.reply = () => 204;
    await world.crash();
    await world.clock.advance(1);
    expect(world.receiver.accepted.map(({ attempt }) => attempt)).toEqual(Array(30).fill(1));
  });
});
