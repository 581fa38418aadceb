import { describe, expect, it } from 'vitest';
import { SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld(ratePerSecond: number) {
  const world = new WebhookWorld();
  await world.open();
  const { id } = await world.subscribe({ ratePerSecond });
  return { world, id };
}

/** The most requests that any second saw. */
function mostInASecond(world: WebhookWorld): number {
  const moments = world.receiver.received.map(({ atMs }) => atMs);
  return Math.max(...moments.map((from) => moments.filter((at) => at >= from && at < from + SECOND_MS).length));
}

describe('ratePerSecond', () => {
  it('is the most attempts that begin within any second, and no fewer begin', async () => {
    const { world } = await openWorld(7);
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at % 20}`);
    await world.clock.advance(10 * SECOND_MS - 1);
    expect([world.receiver.accepted.length, mostInASecond(world)]).toEqual([70, 7]);
    await world.clock.advance(5 * SECOND_MS);
    expect([world.receiver.accepted.length, mostInASecond(world)]).toEqual([100, 7]);
  });

  it('holds through a restart, and until it is changed', async () => {
    const { world, id } = await openWorld(2);
    for (let at = 0; at < 100; at += 1) world.changes.append(`agent-${at}`);
    await world.crash();
    await world.clock.advance(3 * SECOND_MS - 1);
    expect(world.receiver.accepted).toHaveLength(6);
    await world.webhooks.patch(id, { ratePerSecond: 20 });
    await world.clock.advance(SECOND_MS - 1);
    expect(mostInASecond(world)).toBe(20);
    await world.webhooks.patch(id, { ratePerSecond: null });
    await world.clock.advance(1);
    expect(world.receiver.accepted).toHaveLength(100);
  });

  it('goes by time that passes, not by a clock that an operator sets', async () => {
    const { world } = await openWorld(1);
    world.changes.append('ann');
    await world.clock.advance(500);
    world.clock.setBack(3_600 * SECOND_MS);
    world.changes.append('bob');
    await world.clock.advance(499);
    expect(world.receiver.accepted).toHaveLength(1);
    await world.clock.advance(1);
    expect(world.receiver.accepted).toHaveLength(2);
  });

  it('makes nobody wait longer when so little of the wait is left that no moment of the wall clock tells it', async () => {
    const { world } = await openWorld(1);
    for (const agent of ['ann', 'bob']) world.changes.append(agent);
    await world.clock.advance(SECOND_MS - 1e-7);
    world.changes.append('cyd');
    await world.clock.advance(2);
    expect(world.receiver.accepted).toHaveLength(2);
  });

  it('of one subscription holds no other back', async () => {
    const { world } = await openWorld(1);
    await world.subscribe({ url: 'http://127.0.0.1:10/' });
    for (let at = 0; at < 50; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(1);
    expect(world.receiver.accepted.map(({ url }) => url.includes(':10/')).filter(Boolean)).toHaveLength(50);
  });
});
