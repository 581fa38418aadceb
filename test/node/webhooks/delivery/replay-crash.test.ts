// Replays under power cuts at any commit, by a seed: nothing of them is lost, each agent's events keep their order, and what comes meanwhile
// is told as if there were no replay.
import { describe, expect, it } from 'vitest';
import type { Random } from '../../../../mesh/ports.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { HOUR_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

const AGENTS = ['ann', ...Array.from({ length: 79 }, (_, at) => `agent-${at}`)];
const TRIALS = 15;

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random.next() * values.length)];
  if (value === undefined) throw new Error('Nothing to pick from.');
  return value;
}

interface Told {
  readonly agentId: string;
  readonly sequence: number;
}

/** How many events of each agent there are now. */
function counts(world: WebhookWorld): ReadonlyMap<string, number> {
  const of = (agent: string) => world.changes.entries.filter((entry) => entry.agent.id === agent).length;
  return new Map(AGENTS.map((agent) => [agent, of(agent)]));
}

/** Slow and failing answers from now on. */
function sicken(world: WebhookWorld, random: Random): void {
  world.receiver.reply = async () => {
    await world.clock.sleep(random.next() * 200);
    return pick(random, [204, 204, 204, 204, 204, 204, 204, 204, 500, 503, 'unreachable'] as const);
  };
}

/** The replay is on the disk, and hardly more than that has happened. */
async function begin(world: WebhookWorld, id: string, status: 'all' | 'dead'): Promise<void> {
  let isBegun = false;
  const begun = world.webhooks.deliveries.replay(id, { status, dryRun: false }).then(() => {
    isBegun = true;
  });
  while (!isBegun) await world.clock.advance(1);
  await begun;
}

/** Changes, and power cuts. */
async function trouble(world: WebhookWorld, random: Random, steps: number): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    for (let count = random.next() * 3; count > 1; count -= 1) world.changes.append(pick(random, AGENTS));
    await world.clock.advance(random.next() * pick(random, [20, 200, 10 * SECOND_MS]));
    if (random.next() < 0.3) await world.crash(Math.floor(random.next() * (world.store.pending + 1)));
  }
}

async function heal(world: WebhookWorld): Promise<void> {
  world.receiver.reply = () => 204;
  await world.clock.advance(6 * HOUR_MS);
}

/** Some events that were accepted, and at least one that died. */
async function openSettled(random: Random) {
  const world = new WebhookWorld(random);
  await world.open();
  const { id } = await world.subscribe();
  world.diskMs = () => random.next() * 30;
  world.receiver.reply = ({ agentId, sequence }) => (agentId === 'ann' && sequence % 2 === 1 ? 500 : 204);
  for (let at = 0; at < 160; at += 1) {
    world.changes.append('ann');
    world.changes.append(AGENTS[at % AGENTS.length] as string);
  }
  await world.clock.advance(10 * 72 * HOUR_MS);
  const { deliveries, enabled } = await world.webhooks.get(id);
  if (deliveries.pending + deliveries.held > 0 && !enabled) await world.webhooks.patch(id, { enabled: true });
  await heal(world);
  return { world, id };
}

/** Each is the one before it once more, or the next of `wanted`. */
function expectOrder(told: readonly Told[], agent: string, wanted: readonly number[]): void {
  const sequences = told.filter(({ agentId }) => agentId === agent).map(({ sequence }) => sequence);
  let at = -1;
  for (const sequence of sequences) {
    expect([wanted[at], wanted[at + 1]], `${agent}: ${sequences}`).toContain(sequence);
    at = wanted.indexOf(sequence);
  }
  expect(at, `${agent}: ${sequences}`).toBe(wanted.length - 1);
}

const between = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe.each(Array.from({ length: TRIALS }, (_, at) => at + 1))('a replay under power cuts, seed %i', (seed) => {
  it('of all sends everything again in order, and what comes meanwhile in its own', async () => {
    const random = seededRandom(seed);
    const { world, id } = await openSettled(random);
    const before = counts(world);
    world.receiver.accepted.length = 0;
    sicken(world, random);
    await begin(world, id, 'all');
    await trouble(world, random, 30);
    await heal(world);
    const after = counts(world);
    for (const agent of AGENTS) {
      const last = before.get(agent) ?? 0;
      const told = world.receiver.accepted;
      expectOrder(
        told.filter(({ sequence }) => sequence <= last),
        agent,
        between(1, last),
      );
      expectOrder(
        told.filter(({ sequence }) => sequence > last),
        agent,
        between(last + 1, after.get(agent) ?? 0),
      );
    }
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0, inFlight: 0 });
    const left = Object.keys(world.stored('webhook/')).filter((key) => !key.startsWith('webhook/accepted/'));
    expect(left).toHaveLength(2);
  });

  it('of dead letters sends each of them, and the count of the dead is that of the records at any time', async () => {
    const random = seededRandom(1_000 + seed);
    const { world, id } = await openSettled(random);
    const died = Object.values(world.stored(`webhook/dead/${id}/`)) as readonly { entry: { sequence: number } }[];
    const last = counts(world).get('ann') ?? 0;
    world.receiver.accepted.length = 0;
    sicken(world, random);
    await begin(world, id, 'dead');
    for (let round = 0; round < 8; round += 1) {
      await trouble(world, random, 4);
      const progress = world.stored('webhook/progress/')[`webhook/progress/${id}`] as { dead: number };
      expect(progress.dead).toBe(Object.keys(world.stored(`webhook/dead/${id}/`)).length);
    }
    await heal(world);
    const sequences = died.map(({ entry }) => entry.sequence);
    expect(sequences.length).toBeGreaterThan(0);
    expectOrder(
      world.receiver.accepted.filter(({ sequence }) => sequence <= last),
      'ann',
      sequences,
    );
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0 });
  });
});
