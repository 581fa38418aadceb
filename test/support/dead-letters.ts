// A world of webhooks with a subscription, and one in which it has dead letters: what tests of retries and of replays begin with.
import { expect } from 'vitest';
import { HOUR_MS, SECOND_MS, WebhookWorld } from './webhook-world.ts';

/** How long an event is tried. */
export const LIFE_MS = 72 * HOUR_MS;

/** A world with one subscription. */
export async function openWorld() {
  const world = new WebhookWorld();
  await world.open();
  const { id } = await world.subscribe();
  return { world, id };
}

/** Two dead letters of `ann`, one of `bob`; the receiver is well again. */
export async function openDead() {
  const { world, id } = await openWorld();
  world.receiver.reply = () => 500;
  for (const agent of ['ann', 'bob', 'ann']) world.changes.append(agent);
  await world.clock.advance(3 * LIFE_MS);
  expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0, dead: 3 });
  world.receiver.reply = () => 204;
  world.changes.append('dot');
  await world.clock.advance(SECOND_MS);
  world.receiver.accepted.length = 0;
  return { world, id };
}
