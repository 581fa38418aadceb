// Deliveries looked at: what is pending, held, dead or delivered, and the attempts that are kept.
import { describe, expect, it } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../support/webhook-world.ts';

const LIFE_MS = 72 * HOUR_MS;

async function openWorld() {
  const world = new WebhookWorld();
  await world.open();
  const { id } = await world.subscribe();
  const list = async (query: Partial<Parameters<typeof world.webhooks.deliveries.list>[1]> = {}) =>
    world.webhooks.deliveries.list(id, { afterSeq: 0, limit: 100, ...query });
  const statuses = async () => (await list()).deliveries.map(({ seq, status }) => [seq, status]);
  return { world, id, list, statuses };
}

/** `ann`'s first event died, her second waits; `bob`'s two were accepted. */
async function openMixed() {
  const opened = await openWorld();
  const { world } = opened;
  world.receiver.reply = ({ agentId }) => (agentId === 'ann' ? 500 : 204);
  for (const agent of ['ann', 'bob', 'bob']) world.changes.append(agent);
  await world.clock.advance(LIFE_MS);
  world.changes.append('ann');
  world.changes.append('ann');
  await world.clock.advance(SECOND_MS);
  return opened;
}

describe('the deliveries of a subscription', () => {
  it('are dead, delivered, or pending, in the order of the log, through a restart too', async () => {
    const { world, statuses } = await openMixed();
    const expected = [
      [1, 'dead'],
      [2, 'delivered'],
      [3, 'delivered'],
      [4, 'pending'],
      [5, 'pending'],
    ];
    expect(await statuses()).toEqual(expected);
    await world.crash();
    expect(await statuses()).toEqual(expected);
  });

  it('are held in the place of pending while the subscription is disabled', async () => {
    const { world, id, list, statuses } = await openMixed();
    await world.webhooks.patch(id, { enabled: false });
    world.changes.append('cid');
    expect((await statuses()).slice(3)).toEqual([
      [4, 'held'],
      [5, 'held'],
      [6, 'held'],
    ]);
    expect((await list({ status: 'pending' })).deliveries).toEqual([]);
  });

  it.each([
    ['dead', [1]],
    ['delivered', [2, 3]],
    ['pending', [4, 5]],
    ['held', []],
  ] as const)('are listed by their status: %s', async (status, expected) => {
    const { list } = await openMixed();
    expect((await list({ status })).deliveries.map(({ seq }) => seq)).toEqual(expected);
  });

  it('are only those of events that it wanted', async () => {
    const { world, id, statuses } = await openWorld();
    world.changes.append('ann', 'agent.created');
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await world.webhooks.patch(id, { events: ['agent.created'] });
    world.changes.append('ann');
    world.changes.append('ann', 'agent.created');
    await world.clock.advance(SECOND_MS);
    expect(await statuses()).toEqual([
      [2, 'delivered'],
      [4, 'delivered'],
    ]);
  });

  it('say of each what it is, its newest attempt, when the next is due, and what it waits for', async () => {
    const { list } = await openMixed();
    const { deliveries } = await list();
    const agent = { id: 'ann', name: 'name of ann', hostId: 'mac' };
    const event = { event: 'agent.email.changed', agent, timestamp: '2026-01-27T12:00:00.000Z' };
    expect(deliveries[0]).toEqual({
      ...{ id: 'msg_1', seq: 1, ...event, sequence: 1, status: 'dead', attemptCount: 9, reason: 'expired' },
      lastAttempt: { attempt: 9, at: '2026-01-29T15:35:05.000Z', durationMs: 0, status: 500 },
      diedAt: '2026-01-30T12:00:00.000Z',
    });
    expect(deliveries[3]).toMatchObject({
      ...{ attemptCount: 1, nextAttemptAt: '2026-01-30T12:00:05.000Z' },
      lastAttempt: { attempt: 1, status: 500 },
    });
    expect(deliveries[4]).toMatchObject({ attemptCount: 0, waitsFor: 4 });
    expect(deliveries[1]).toMatchObject({ attemptCount: 1, lastAttempt: { attempt: 1, status: 204 } });
  });

  it('come in pages', async () => {
    const { world, list } = await openWorld();
    for (let at = 0; at < 300; at += 1) world.changes.append(`agent-${at % 7}`);
    await world.clock.advance(SECOND_MS);
    const seen: number[] = [];
    for (let afterSeq: number | undefined = 0; afterSeq !== undefined; ) {
      const { deliveries, nextSeq } = await list({ afterSeq, limit: 90 });
      seen.push(...deliveries.map(({ seq }) => seq));
      afterSeq = nextSeq;
    }
    expect(seen).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
  });

  it('are looked for in a bounded part of the log at a time', async () => {
    const { world, id, list } = await openWorld();
    await world.webhooks.patch(id, { enabled: false });
    for (let at = 0; at < 20_000; at += 1) world.changes.append('ann', 'agent.updated');
    world.changes.append('ann');
    world.changes.entriesRead = 0;
    const first = await list({ status: 'held' });
    expect([first.deliveries, world.changes.entriesRead <= 64 * 128]).toEqual([[], true]);
    let page = first;
    while (page.nextSeq !== undefined) page = await list({ status: 'held', afterSeq: page.nextSeq });
    expect(page.deliveries.map(({ seq }) => seq)).toEqual([20_001]);
  });
});

describe('one delivery', () => {
  it.each(['msg_4', '4'])('is found as %s, with each attempt: when, status or error, how long', async (id) => {
    const { world, id: webhookId } = await openMixed();
    world.receiver.reply = async ({ attempt }) => {
      await world.clock.sleep(30);
      return attempt === 2 ? 'unreachable' : 503;
    };
    await world.clock.advance(10 * MINUTE_MS);
    await world.crash();
    expect(await world.webhooks.deliveries.get(webhookId, id)).toMatchObject({
      ...{ id: 'msg_4', seq: 4, status: 'pending', attemptCount: 4 },
      attempts: [
        { attempt: 1, at: '2026-01-30T12:00:00.000Z', status: 500, durationMs: 0 },
        { attempt: 2, at: '2026-01-30T12:00:05.000Z', error: 'connect_failed', durationMs: 30 },
        { attempt: 3, status: 503, durationMs: 30 },
        { attempt: 4, status: 503, durationMs: 30 },
      ],
    });
  });

  it.each(['msg_1', '1'])('that died is found as %s, with its attempts', async (id) => {
    const { world, id: webhookId } = await openMixed();
    const { status, attempts } = await world.webhooks.deliveries.get(webhookId, id);
    expect([status, attempts.map(({ attempt }) => attempt)]).toEqual(['dead', [1, 2, 3, 4, 5, 6, 7, 8, 9]]);
  });

  it.each(['msg_1', '1'])(
    'that was accepted at last is found as %s, with each attempt, also after a crash',
    async (id) => {
      const { world, id: webhookId, list } = await openWorld();
      world.receiver.reply = ({ attempt }) => (attempt < 3 ? 500 : 204);
      world.changes.append('ann');
      await world.clock.advance(6 * MINUTE_MS);
      await world.crash();
      const accepted = { status: 'delivered', attemptCount: 3 };
      expect(await world.webhooks.deliveries.get(webhookId, id)).toMatchObject({
        ...accepted,
        attempts: [
          { attempt: 1, at: '2026-01-27T12:00:00.000Z', status: 500, durationMs: 0 },
          { attempt: 2, at: '2026-01-27T12:00:05.000Z', status: 500 },
          { attempt: 3, at: '2026-01-27T12:05:05.000Z', status: 204 },
        ],
      });
      const [shown] = (await list()).deliveries;
      expect(shown).toMatchObject({ ...accepted, lastAttempt: { attempt: 3, status: 204 } });
    },
  );

  it('that was accepted a moment ago shows how, though that is not durable yet', async () => {
    const { world, id } = await openWorld();
    world.changes.append('ann');
    world.diskMs = () => 50;
    while (world.receiver.accepted.length === 0) await world.clock.advance(1);
    const [shown] = await Promise.all([world.webhooks.deliveries.get(id, '1'), world.clock.advance(SECOND_MS)]);
    expect(shown).toMatchObject({ status: 'delivered', attemptCount: 1, attempts: [{ attempt: 1, status: 204 }] });
  });

  it('that was sent again shows its newest sending', async () => {
    const { world, id } = await openWorld();
    world.receiver.reply = ({ attempt }) => (attempt < 2 ? 500 : 204);
    world.changes.append('ann');
    await world.clock.advance(MINUTE_MS);
    world.receiver.reply = () => 200;
    await world.webhooks.deliveries.retry(id, '1');
    await world.clock.advance(SECOND_MS);
    const { attempts } = await world.webhooks.deliveries.get(id, '1');
    expect(attempts).toMatchObject([{ attempt: 1, status: 200 }]);
  });

  it('that was accepted long ago is found as long as the log has it, and what is kept of all of them is bounded', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 300; at += 1) {
      world.changes.append('ann');
      await world.clock.advance(1);
    }
    const { attemptCount, ...first } = await world.webhooks.deliveries.get(id, '1');
    expect([first, attemptCount]).toMatchObject([{ status: 'delivered', attempts: [] }, undefined]);
    expect(await world.webhooks.deliveries.get(id, '200')).toMatchObject({ attemptCount: 1 });
    expect(Object.keys(world.stored('webhook/accepted/'))).toHaveLength(256);
    await world.webhooks.remove(id);
    expect(world.stored('webhook/accepted/')).toEqual({});
  });

  it('of many accepted at once are kept in few records', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 500; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(SECOND_MS);
    for (const seq of ['1', '250', '500'])
      expect(await world.webhooks.deliveries.get(id, seq)).toMatchObject({ attemptCount: 1 });
    expect(Object.keys(world.stored('webhook/accepted/')).length).toBeLessThan(100);
  });

  it('keeps its newest twenty attempts', async () => {
    const { world, id } = await openWorld();
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    for (let at = 0; at < 24; at += 1) {
      await world.clock.advance(SECOND_MS);
      await world.webhooks.deliveries.retry(id, '1');
    }
    await world.clock.advance(SECOND_MS);
    const { attempts } = await world.webhooks.deliveries.get(id, '1');
    expect(attempts.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, at) => at + 6));
  });

  it('whose attempt a crash interrupted shows that attempt by its missing number', async () => {
    const { world, id } = await openWorld();
    world.receiver.reply = () => 'silence';
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.receiver.reply = () => 500;
    await world.crash();
    await world.clock.advance(10 * SECOND_MS);
    expect(await world.webhooks.deliveries.get(id, '1')).toMatchObject({ attemptCount: 2, attempts: [{ attempt: 2 }] });
  });

  it.each(['msg_9', '9', '0', 'none', '__proto__', '99999999999999999999'])("'%s' is not there", async (id) => {
    const { world, id: webhookId } = await openMixed();
    await expect(world.webhooks.deliveries.get(webhookId, id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it('of an event that the subscription did not want is not there', async () => {
    const { world, id } = await openWorld();
    world.changes.append('ann', 'agent.created');
    await world.clock.advance(SECOND_MS);
    await expect(world.webhooks.deliveries.get(id, 'msg_1')).rejects.toMatchObject({ code: 'not_found' });
  });
});
