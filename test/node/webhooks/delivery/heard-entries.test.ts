// Deliveries of what other hosts told: agents of two hosts with one id, and entries that only a host that is heard can have.
import { describe, expect, it } from 'vitest';
import { ILL_ENDPOINT_AGENTS_MIN } from '../../../../node/webhooks/schedule/endpoint.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld(): Promise<WebhookWorld> {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

/** What was accepted: host, agent and place among that agent's events. */
function told(world: WebhookWorld): readonly string[] {
  return world.receiver.accepted.map(({ text }) => {
    const { agent, sequence } = JSON.parse(text);
    return `${agent.hostId} ${agent.id} ${sequence}`;
  });
}

describe('agents of two hosts with one id', () => {
  it('hold each other up in nothing, and each is told in order', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = ({ text, attempt }) => (attempt === 1 && text.includes('"hostId":"mac"') ? 400 : 204);
    world.changes.append('ann');
    world.changes.hear('cloud', 'ann');
    world.changes.append('ann');
    world.changes.hear('cloud', 'ann');
    world.changes.hear('mini', 'ann');
    await world.clock.advance(SECOND_MS);
    expect([...told(world)].sort()).toEqual(['cloud ann 1', 'cloud ann 2', 'mini ann 1']);
    await world.clock.advance(MINUTE_MS);
    expect(told(world).filter((one) => one.startsWith('mac'))).toEqual(['mac ann 1', 'mac ann 2']);
  });

  it('have a record each, so that a crash loses what waits of neither', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 400;
    for (const _ of [1, 2]) {
      world.changes.append('ann');
      world.changes.hear('cloud', 'ann');
    }
    await world.clock.advance(SECOND_MS);
    expect(Object.keys(world.stored('webhook/lane/'))).toEqual([
      `webhook/lane/${id}/ann`,
      `webhook/lane/${id}/cloud/ann`,
    ]);
    world.receiver.reply = () => 204;
    await world.crash();
    await world.clock.advance(MINUTE_MS);
    expect([...told(world)].sort()).toEqual(['cloud ann 1', 'cloud ann 2', 'mac ann 1', 'mac ann 2']);
    expect(world.stored('webhook/lane/')).toEqual({});
  });

  it('are counted apart, and each waits for its own first event', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 400;
    world.changes.append('ann');
    world.changes.hear('cloud', 'ann');
    world.changes.hear('cloud', 'ann');
    await world.clock.advance(SECOND_MS);
    expect(await world.totals()).toMatchObject({ pending: 3 });
    expect(await world.webhooks.deliveries.get(id, '2')).toMatchObject({ attemptCount: 1, status: 'pending' });
    expect(await world.webhooks.deliveries.get(id, '3')).toMatchObject({ attemptCount: 0, waitsFor: 2 });
    await expect(world.webhooks.deliveries.retry(id, '3')).rejects.toMatchObject({ extra: { waitsFor: 2 } });
    world.receiver.reply = () => 204;
    await world.webhooks.deliveries.retry(id, '2');
    await world.clock.advance(1);
    expect([...told(world)].sort()).toEqual(['cloud ann 1', 'cloud ann 2']);
  });

  it('are as many as there are hosts, when it is asked whether the receiver is ill', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.receiver.reply = () => 400;
    for (let at = 1; at <= ILL_ENDPOINT_AGENTS_MIN; at += 1) world.changes.hear(`host-${at}`, 'ann');
    await world.clock.advance(1);
    const before = world.receiver.received.length;
    world.changes.append('bob');
    await world.clock.advance(1);
    expect([before, world.receiver.received.length]).toEqual([ILL_ENDPOINT_AGENTS_MIN, ILL_ENDPOINT_AGENTS_MIN]);
  });

  it('are replayed apart', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 400;
    world.changes.append('ann');
    world.changes.hear('cloud', 'ann');
    await world.clock.advance(73 * HOUR_MS);
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 2 });
    world.receiver.reply = ({ text }) => (text.includes('"hostId":"mac"') ? 400 : 204);
    await world.webhooks.deliveries.replay(id, { status: 'dead', dryRun: false });
    await world.crash();
    await world.clock.advance(HOUR_MS);
    expect(told(world)).toEqual(['cloud ann 1']);
    expect(await world.totals()).toMatchObject({ dead: 1 });
  });
});

describe('an entry that was heard', () => {
  it('is told though it repeats a sequence, or tells the outcome alone: each has an id of its own', async () => {
    const world = await openWorld();
    await world.subscribe();
    world.changes.hear('cloud', 'ann', { sequence: 4 });
    world.changes.hear('cloud', 'ann', { sequence: 4, resync: true });
    world.changes.hear('cloud', 'ann', { sequence: 4 });
    world.changes.hear('cloud', 'ann', { sequence: 2 });
    await world.clock.advance(1);
    expect(world.receiver.accepted.map(({ id, sequence }) => [id, sequence])).toEqual([
      ['msg_1', 4],
      ['msg_2', 4],
      ['msg_3', 4],
      ['msg_4', 2],
    ]);
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0 });
  });

  it('of an event that this node does not know is told to nobody, and holds nothing up', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 400;
    world.changes.hear('cloud', 'ann', { event: 'agent.renamed' });
    world.changes.hear('cloud', 'ann');
    world.changes.hear('cloud', 'ann', { event: 'agent.renamed' });
    world.changes.hear('cloud', 'bob', { event: 'agent.renamed' });
    await world.clock.advance(1);
    world.receiver.reply = () => 204;
    await world.crash();
    await world.clock.advance(MINUTE_MS);
    world.changes.hear('cloud', 'ann');
    await world.clock.advance(1);
    expect(world.receiver.accepted.map((one) => one.id)).toEqual(['msg_2', 'msg_5']);
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0 });
    const query = { status: 'delivered', afterSeq: 0, limit: 10 } as const;
    const { deliveries } = await world.webhooks.deliveries.list(id, query);
    expect(deliveries.map(({ seq }) => seq)).toEqual([2, 5]);
  });
});
