// Looks at some subscriptions must find what looks at all of them would. One and the same life, by a seed, is lived twice, once with the loop's own
// looks and once with more of them, each for all; every attempt is made at the same moment. With some seeds two lanes change turns at a moment
// at which either could go, so that one attempt comes some milliseconds later: these are seeds without such a moment.
import { describe, expect, it, vi } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import type { Random } from '../../../../mesh/ports.ts';
import { type Looked, Looks } from '../../../../node/webhooks/delivery/looks.ts';
import type { Received, Reply } from '../../../support/fake-receiver.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

const STEPS = 70;
const SUBSCRIPTIONS = 24;
const WAITS_MS = [0, 0, 1, 50, 50, 300, SECOND_MS, SECOND_MS, 5 * SECOND_MS, 5 * SECOND_MS, MINUTE_MS, 10 * MINUTE_MS];
const AGENTS = Array.from({ length: 60 }, (_, at) => `agent-${at}`);
const URLS = Array.from({ length: 40 }, (_, at) => `http://127.0.0.1:${9 + (at % 8)}/${at}`);

interface Life {
  readonly world: WebhookWorld;
  /** Of all subscriptions that were ever made. */
  readonly ids: string[];
}
type Step = (life: Life) => unknown;

function pick<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random.next() * values.length)];
  if (value === undefined) throw new Error('Nothing to pick from.');
  return value;
}

/** What happens next, decided before anybody lives it. */
function stepOf(random: Random): Step {
  const place = random.next();
  const some = (ids: readonly string[]) => ids[Math.floor(place * ids.length)] as string;
  const url = pick(random, URLS);
  const backMs = pick(random, [SECOND_MS, HOUR_MS, 60 * HOUR_MS]);
  const agents = Array.from({ length: pick(random, [1, 2, 4, 100]) }, () => pick(random, AGENTS));
  const tell: Step = ({ world }) => agents.map((agent) => world.changes.append(agent));
  const patch =
    (change: object): Step =>
    ({ world, ids }) =>
      world.webhooks.patch(some(ids), change);
  const replay =
    (status: 'all' | 'dead' | 'held'): Step =>
    ({ world, ids }) =>
      world.webhooks.deliveries.replay(some(ids), { status, dryRun: false });
  return pick<Step>(random, [
    ...[tell, tell, tell, tell, tell, tell],
    patch({ ratePerSecond: pick(random, [null, 1, 3, 50]) }),
    patch({ enabled: false }),
    patch({ enabled: true }),
    patch({ enabled: true }),
    patch({ url }),
    replay('all'),
    replay('dead'),
    replay('held'),
    ({ world, ids }) => world.webhooks.deliveries.retry(some(ids), String(1 + Math.floor(place * world.changes.head))),
    ({ world, ids }) => world.webhooks.rotateSecret(some(ids), { graceSeconds: 5 }),
    ({ world, ids }) => world.webhooks.remove(some(ids)),
    ({ world, ids }) => world.webhooks.remove(some(ids)),
    async ({ world, ids }) => ids.push((await world.subscribe({ url })).id),
    async ({ world, ids }) => ids.push((await world.subscribe({ url })).id),
    ({ world }) => world.webhooks.cursorReader.giveUp(Math.floor(place * world.changes.head)),
    // A look comes at once: where none does, that the clock was set is seen when the loop next wakes, sooner or later within 30 s.
    (life) => {
      life.world.clock.setBack(backMs);
      return tell(life);
    },
    ({ world }) => world.crash(),
  ]);
}

/** The same for the same attempt of the same delivery. */
function answerTo({ url, id, attempt }: Received): { readonly afterMs: number; readonly reply: Reply } {
  let hash = 0;
  for (const character of `${url} ${id} ${attempt}`) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  const random = seededRandom(hash);
  const ill: readonly Reply[] = [500, 500, 503, { status: 429, retryAfter: '7' }, 'unreachable', 410];
  const reply = random.next() < 0.97 ? 204 : pick(random, ill);
  return { afterMs: pick(random, [0, 20, 300, 4_000, 9_000]), reply };
}

/** Every attempt of such a life, with its moment. `told`: called whenever something may have changed, with what has the loop look. */
async function live(seed: number, told: (look: () => void) => void = () => undefined): Promise<readonly string[]> {
  const random = seededRandom(seed);
  const life: Life = { world: new WebhookWorld(), ids: [] };
  const { world, ids } = life;
  let look = () => {};
  const subscribe = world.changes.subscribe.bind(world.changes);
  world.changes.subscribe = (listener) => {
    look = listener;
    return subscribe(listener);
  };
  await world.open();
  world.receiver.reply = async (received) => {
    const { afterMs, reply } = answerTo(received);
    if (afterMs > 0) await world.clock.sleep(afterMs);
    told(() => look());
    return reply;
  };
  for (const url of URLS.slice(0, SUBSCRIPTIONS)) ids.push((await world.subscribe({ url })).id);
  for (let step = 0; step < STEPS; step += 1) {
    const waitMs = pick(random, WAITS_MS);
    try {
      await stepOf(random)(life);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
    }
    told(() => look());
    await world.clock.advance(waitMs);
  }
  await world.clock.advance(3 * HOUR_MS);
  expect(world.log.named('delivery.crashed')).toEqual([]);
  return world.receiver.received.map(({ url, id, attempt, atMs }) => `${atMs} ${url} ${id} ${attempt}`).sort();
}

/** The same, where the loop looks more often than it must, and always at all. */
async function liveLooking(seed: number): Promise<readonly string[]> {
  const { take } = Looks.prototype;
  const looking = vi.spyOn(Looks.prototype, 'take').mockImplementation(function forAll(this: Looks<Looked>, ...asked) {
    this.stirAll();
    return take.apply(this, asked);
  });
  const attempts = await live(seed, (look) => setImmediate(look));
  looking.mockRestore();
  return attempts;
}

describe.each([1, 3, 5])('a life of subscriptions, seed %i', (seed) => {
  it('is the same when the loop looks at all of them, and more often than it must', async () => {
    const own = await live(seed);
    expect(own.length).toBeGreaterThan(100);
    expect(own).toEqual(await liveLooking(seed));
  });
});
