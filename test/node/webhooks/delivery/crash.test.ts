import { describe, expect, it } from 'vitest';
import type { Random } from '../../../../mesh/ports.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { HOUR_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

const AGENTS = ['ann', 'bob', 'cyd', 'dan', 'eve'];
const TRIALS = 40;

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random.next() * values.length)];
  if (value === undefined) throw new Error('Nothing to pick from.');
  return value;
}

/**
 * Changes, slow and failing answers, and power cuts, all by one seed; at the end the receiver is well and time passes.
 * Returns the world and how many deliveries the cuts caught in hand: in flight, or accepted and not written down yet.
 */
async function liveThrough(seed: number): Promise<{ world: WebhookWorld; inHand: number }> {
  const random = seededRandom(seed);
  const world = new WebhookWorld(random);
  await world.open();
  await world.subscribe();
  world.diskMs = () => random.next() * 30;
  world.receiver.reply = async () => {
    await world.clock.sleep(random.next() * 200);
    return pick(random, [204, 204, 204, 204, 500, 503, 429, 'unreachable'] as const);
  };
  let inHand = 0;
  for (let step = 0; step < 60; step += 1) {
    for (let count = random.next() * 4; count > 1; count -= 1) world.changes.append(pick(random, AGENTS));
    await world.clock.advance(random.next() * pick(random, [20, 200, 10 * SECOND_MS]));
    if (random.next() > 0.2) continue;
    inHand += world.receiver.inFlight;
    await world.crash(Math.floor(random.next() * (world.store.pending + 1)));
    inHand += unwritten(world);
  }
  world.receiver.reply = () => 204;
  await world.clock.advance(6 * HOUR_MS);
  return { world, inHand };
}

/** Events that the disk says are under way, though the receiver has accepted them. */
function unwritten(world: WebhookWorld): number {
  const accepted = new Set(world.receiver.accepted.map(({ id }) => id));
  const lanes = Object.values(world.stored('webhook/lane/')) as readonly { readonly seq: number }[];
  return lanes.filter(({ seq }) => accepted.has(`msg_${seq}`)).length;
}

describe.each(Array.from({ length: TRIALS }, (_, at) => at + 1))('crashes at random moments, seed %i', (seed) => {
  it('lose nothing, invent nothing and reorder no agent', async () => {
    const { world, inHand } = await liveThrough(seed);
    const { accepted } = world.receiver;
    const told = new Set(accepted.map(({ id }) => id));
    expect([...told].sort()).toEqual(world.changes.entries.map(({ id }) => id).sort());
    for (const agent of AGENTS) {
      const sequences = world.receiver.acceptedOf(agent);
      // Each is the one before it once more, or the next: nothing older ever comes after something newer.
      sequences.forEach((sequence, at) => {
        const before = sequences[at - 1] ?? 0;
        expect([before, before + 1]).toContain(sequence);
      });
    }
    expect(accepted.length - told.size).toBeLessThanOrEqual(inHand);
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0, inFlight: 0 });
    expect(world.stored('webhook/lane/')).toEqual({});
  });
});

describe('an attempt that is in flight', () => {
  async function openWorld() {
    const world = new WebhookWorld();
    await world.open();
    await world.subscribe();
    world.receiver.reply = () => 'silence';
    world.changes.append('ann');
    await world.clock.advance(1);
    return world;
  }

  it('when the node crashes is made again soon, and ever later when that happens again and again', async () => {
    const world = await openWorld();
    const waits: number[] = [];
    for (let crash = 1; crash < 10; crash += 1) {
      await world.crash();
      let seconds = 0;
      for (; world.receiver.received.length === crash; seconds += 1) await world.clock.advance(SECOND_MS);
      waits.push(seconds);
    }
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it('when the node crashes is soon made again where others failed before it', async () => {
    const world = await openWorld();
    world.receiver.reply = ({ attempt }) => (attempt < 4 ? 500 : 'silence');
    await world.crash();
    await world.clock.advance(40 * 60 * SECOND_MS);
    expect(world.receiver.received.at(-1)?.attempt).toBe(4);
    world.receiver.reply = () => 204;
    await world.crash();
    await world.clock.advance(5 * SECOND_MS);
    expect(world.receiver.accepted.map(({ attempt }) => attempt)).toEqual([5]);
  });

  it('when the node stops is cut off, and made again as soon as it starts', async () => {
    const world = await openWorld();
    for (let crash = 1; crash < 4; crash += 1) {
      await world.crash();
      await world.clock.advance(20 * SECOND_MS);
    }
    // After another crash it would have waited for 40 seconds.
    const stopped = world.stop();
    await world.clock.advance(7 * SECOND_MS);
    await stopped;
    world.receiver.reply = () => 204;
    await world.crash();
    await world.clock.advance(1);
    expect(world.receiver.accepted.map(({ attempt }) => attempt)).toEqual([5]);
  });
});
