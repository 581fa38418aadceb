// Records from before attempts, scopes of epochs, former secrets and replays were kept: they are read as what they meant.
import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../support/webhook-world.ts';

describe('records of a former version', () => {
  it('come back with their scope, their attempts and their dead letters, and can be replayed', async () => {
    const world = new WebhookWorld();
    await world.open();
    const { id } = await world.subscribe({ scope: 'host' });
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    await world.clock.advance(73 * HOUR_MS);
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    const disk = new Map(world.store.crash());
    for (const [key, text] of disk) disk.set(key, JSON.stringify(formerOf(key, JSON.parse(text))));
    await world.open(disk);
    expect(await world.webhooks.get(id)).toMatchObject({ scope: 'host', deliveries: { pending: 1, dead: 1 } });
    expect(await world.webhooks.deliveries.get(id, '2')).toMatchObject({ attemptCount: 1, attempts: [] });
    world.receiver.reply = () => 204;
    expect(await world.webhooks.deliveries.replay(id, { status: 'dead', dryRun: false })).toMatchObject({ matched: 1 });
    await world.clock.advance(HOUR_MS);
    expect([...world.receiver.acceptedOf('ann')].sort()).toEqual([1, 2]);
    expect(await world.webhooks.get(id)).toMatchObject({ deliveries: { pending: 0, dead: 0 } });
  });

  it('of lanes that had no host are of the agents of this host: what waited is sent, in order, and leaves nothing behind', async () => {
    const world = new WebhookWorld();
    await world.open();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 400;
    for (const agent of ['ann', 'ann', 'bob']) world.changes.append(agent);
    await world.clock.advance(SECOND_MS);
    const disk = new Map(world.store.crash());
    for (const [agent, seq] of [
      ['ann', 1],
      ['bob', 3],
    ] as const) {
      const lane = { subscriptionId: id, agentId: agent, seq, isFound: true, attempts: 1, dueMs: 0 };
      disk.set(`webhook/lane/${id}/${agent}`, JSON.stringify({ ...lane, bornMs: world.clock.wallMs() }));
    }
    world.receiver.reply = ({ agentId, attempt }) => (agentId === 'bob' && attempt === 2 ? 400 : 204);
    await world.open(disk);
    world.changes.hear('cloud', 'ann');
    world.changes.hear('cloud', 'bob');
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted.map(({ id: event }) => event).sort()).toEqual(['msg_1', 'msg_2', 'msg_4', 'msg_5']);
    await world.clock.advance(HOUR_MS);
    expect(world.receiver.accepted.map(({ id: event }) => event).at(-1)).toBe('msg_3');
    expect(world.stored('webhook/lane/')).toEqual({});
    await world.crash();
    await world.clock.advance(MINUTE_MS);
    expect(world.receiver.accepted.length).toBe(5);
  });
});

interface Kept {
  readonly epochs?: readonly { readonly scope: string }[];
  readonly history?: unknown;
  readonly [name: string]: unknown;
}

function formerOf(key: string, { history, epochs, ...kept }: Kept): unknown {
  if (key.startsWith('webhook/lane/') || key.startsWith('webhook/dead/')) return { ...kept, last: { status: 500 } };
  if (epochs === undefined) return kept;
  const { formerSecrets: _, headers: __, firstSeq: ___, ...subscription } = kept;
  const scope = epochs[0]?.scope;
  return { ...subscription, scope, epochs: epochs.map(({ scope: ____, ...epoch }) => epoch) };
}
