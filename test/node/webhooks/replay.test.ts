// Spans of the log, and dead letters, that are sent again.
import { describe, expect, it } from 'vitest';
import { LIFE_MS, openDead, openWorld } from '../../support/dead-letters.ts';
import { HOUR_MS, SECOND_MS } from '../../support/webhook-world.ts';

const all = { status: 'all', dryRun: false } as const;
const dead = { status: 'dead', dryRun: false } as const;

describe('a replay', () => {
  it('of dead letters sends them again in order, and leaves none', async () => {
    const { world, id } = await openDead();
    expect(await world.webhooks.deliveries.replay(id, dead)).toMatchObject({ status: 'dead', matched: 3 });
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1, 2], [1]]);
    expect(await world.webhooks.get(id)).toMatchObject({ deliveries: { pending: 0, dead: 0 } });
    expect(Object.keys(world.stored('webhook/')).filter((key) => /dead|replay/.test(key))).toEqual([]);
  });

  it('of all sends what the log has again, each agent in order, with the same ids', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 1_000; at += 1) world.changes.append(`agent-${at % 9}`);
    await world.clock.advance(SECOND_MS);
    const firsts = world.receiver.accepted.map(({ id: its }) => its);
    world.receiver.accepted.length = 0;
    expect(await world.webhooks.deliveries.replay(id, all)).toMatchObject({ matched: 1_000 });
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted.map(({ id: its }) => its).sort()).toEqual(firsts.sort());
    for (let at = 0; at < 9; at += 1) {
      const sequences = world.receiver.acceptedOf(`agent-${at}`);
      expect(sequences).toEqual(sequences.map((_, place) => place + 1));
    }
  });

  it('sends the changes of a span of time, its ends with it', async () => {
    const { world, id } = await openWorld();
    const startMs = world.clock.wallMs();
    for (let at = 0; at < 10; at += 1) {
      world.changes.append('ann');
      await world.clock.advance(SECOND_MS);
    }
    world.receiver.accepted.length = 0;
    const span = { sinceMs: startMs + 3 * SECOND_MS, untilMs: startMs + 6 * SECOND_MS };
    expect(await world.webhooks.deliveries.replay(id, { ...all, ...span })).toMatchObject({ matched: 4 });
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([4, 5, 6, 7]);
  });

  it('that is a dry run says what it would send, and sends nothing', async () => {
    const { world, id } = await openDead();
    const answer = await world.webhooks.deliveries.replay(id, { status: 'dead', dryRun: true });
    expect(answer).toEqual({ status: 'dead', matched: 3 });
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toEqual([]);
  });

  it('leaves out what is on its way already, and disturbs neither its schedule nor other agents', async () => {
    const { world, id } = await openWorld();
    const waiting = (agentId: string, sequence: number) => agentId === 'ann' && sequence > 1;
    world.receiver.reply = ({ agentId, sequence }) => (waiting(agentId, sequence) ? 500 : 204);
    for (const agent of ['ann', 'bob', 'ann', 'ann']) world.changes.append(agent);
    await world.clock.advance(SECOND_MS);
    const before = await world.webhooks.deliveries.get(id, '3');
    expect(await world.webhooks.deliveries.replay(id, all)).toMatchObject({ matched: 2 });
    world.changes.append('cid');
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1, 1]);
    expect([world.receiver.acceptedOf('bob'), world.receiver.acceptedOf('cid')]).toEqual([[1, 1], [1]]);
    expect(await world.webhooks.deliveries.get(id, '3')).toEqual(before);
  });

  it('is never in flight beside another event of its agent, and goes before it while it does not fail', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 50; at += 1) world.changes.append(`agent-${at % 3}`);
    await world.clock.advance(SECOND_MS);
    world.receiver.accepted.length = 0;
    const inFlight = new Set<string>();
    let together = 0;
    world.receiver.reply = async ({ agentId }) => {
      if (inFlight.has(agentId)) together += 1;
      inFlight.add(agentId);
      await world.clock.sleep(10);
      inFlight.delete(agentId);
      return 204;
    };
    await world.webhooks.deliveries.replay(id, all);
    await world.clock.advance(20);
    for (let at = 0; at < 9; at += 1) world.changes.append(`agent-${at % 3}`);
    await world.clock.advance(10 * SECOND_MS);
    expect(together).toBe(0);
    for (let at = 0; at < 3; at += 1) {
      const sequences = world.receiver.acceptedOf(`agent-${at}`);
      expect(sequences).toEqual(sequences.map((_, place) => place + 1));
    }
  });

  it('waits for an attempt of its agent that is in flight', async () => {
    const { world, id } = await openWorld();
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.receiver.reply = async () => {
      await world.clock.sleep(10 * SECOND_MS);
      return 204;
    };
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await world.webhooks.deliveries.replay(id, all);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.inFlight).toBe(1);
    await world.clock.advance(20 * SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1, 2, 1]);
  });

  it('that fails lets the new events of its agent pass, and goes on by its own schedule', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = ({ id: its }) => (its === 'msg_1' ? 500 : 204);
    await world.webhooks.deliveries.replay(id, dead);
    await world.clock.advance(SECOND_MS);
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[3], [1]]);
    world.receiver.reply = () => 204;
    await world.clock.advance(HOUR_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([3, 1, 2]);
  });

  it('gives what it sends a whole life anew, and keeps what was accepted once and can not be sent again', async () => {
    const { world, id } = await openWorld();
    world.changes.append('ann');
    await world.clock.advance(10 * LIFE_MS);
    world.receiver.reply = () => 500;
    await world.webhooks.deliveries.replay(id, all);
    await world.clock.advance(LIFE_MS - 1);
    expect((await world.webhooks.get(id)).deliveries.dead).toBe(0);
    await world.clock.advance(1);
    expect((await world.webhooks.get(id)).deliveries.dead).toBe(1);
  });

  it('is one at a time', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = () => 'silence';
    const { replayId } = await world.webhooks.deliveries.replay(id, dead);
    await expect(world.webhooks.deliveries.replay(id, all)).rejects.toMatchObject({
      code: 'conflict',
      extra: { replayId },
    });
    expect((await world.webhooks.get(id)).replays).toMatchObject([{ id: replayId, status: 'dead' }]);
  });

  it('takes turns with the changes that come', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 400; at += 1) world.changes.append(`old-${at}`);
    await world.clock.advance(SECOND_MS);
    world.receiver.accepted.length = 0;
    world.receiver.reply = async () => {
      await world.clock.sleep(10);
      return 204;
    };
    await world.webhooks.deliveries.replay(id, all);
    await world.clock.advance(5);
    for (let at = 0; at < 40; at += 1) world.changes.append(`new-${at}`);
    // Eight in ten milliseconds: 64 were noted before, then forty of each. The whole replay takes half a second.
    await world.clock.advance(250);
    expect(world.receiver.accepted.filter(({ agentId }) => agentId.startsWith('new')).length).toBe(40);
    expect(world.receiver.accepted.length).toBeLessThan(250);
  });

  it('of a subscription that is removed goes with it', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = () => 500;
    await world.webhooks.deliveries.replay(id, dead);
    await world.clock.advance(SECOND_MS);
    expect(Object.keys(world.stored('webhook/replay'))).toHaveLength(3);
    await world.webhooks.remove(id);
    await world.clock.advance(SECOND_MS);
    expect(world.stored('webhook/')).toEqual({});
  });

  it('waits while its subscription is disabled, and can not be begun then', async () => {
    const { world, id } = await openDead();
    world.receiver.reply = () => 503;
    await world.webhooks.deliveries.replay(id, dead);
    await world.clock.advance(SECOND_MS);
    await world.webhooks.patch(id, { enabled: false });
    await expect(world.webhooks.deliveries.replay(id, all)).rejects.toMatchObject({ code: 'conflict' });
    world.receiver.reply = () => 204;
    await world.clock.advance(LIFE_MS);
    expect(world.receiver.accepted).toEqual([]);
    await world.webhooks.patch(id, { enabled: true });
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted).toHaveLength(3);
  });

  it('of an endpoint whose URL is refused now is refused', async () => {
    const { world, id } = await openDead();
    const key = `webhook/subscription/${id}`;
    const kept = world.stored(key)[key] as { readonly url: string };
    await world.open(new Map(world.store.crash()).set(key, JSON.stringify({ ...kept, url: 'http://refused/' })));
    await expect(world.webhooks.deliveries.replay(id, dead)).rejects.toMatchObject({ code: 'url_refused' });
    await expect(world.webhooks.deliveries.retry(id, '1')).rejects.toMatchObject({ code: 'url_refused' });
    await expect(world.webhooks.rotateSecret(id, { graceSeconds: 0 })).rejects.toMatchObject({ code: 'url_refused' });
    const patched = world.webhooks.patch(id, { secret: 'another-secret-of-its' });
    await expect(patched).rejects.toMatchObject({ code: 'url_refused' });
  });

  it('of many reads and keeps a bounded part at a time', async () => {
    const { world, id } = await openWorld();
    for (let at = 0; at < 10_000; at += 1) world.changes.append(`agent-${at}`);
    await world.clock.advance(10 * SECOND_MS);
    world.receiver.reply = () => 'silence';
    await world.webhooks.deliveries.replay(id, all);
    await world.clock.advance(SECOND_MS);
    expect(Object.keys(world.stored('webhook/replay-lane/')).length).toBeLessThan(200);
  });
});

describe('a replay of what is held', () => {
  it('enables a disabled subscription, and all of it is sent in order', async () => {
    const { world, id } = await openWorld();
    await world.webhooks.patch(id, { enabled: false });
    for (const agent of ['ann', 'bob', 'ann']) world.changes.append(agent);
    const held = { status: 'held', dryRun: false } as const;
    expect(await world.webhooks.deliveries.replay(id, { ...held, dryRun: true })).toEqual({
      status: 'held',
      matched: 3,
    });
    expect((await world.webhooks.get(id)).enabled).toBe(false);
    expect(await world.webhooks.deliveries.replay(id, held)).toEqual({ status: 'held', matched: 3 });
    await world.clock.advance(SECOND_MS);
    expect([world.receiver.acceptedOf('ann'), world.receiver.acceptedOf('bob')]).toEqual([[1, 2], [1]]);
  });

  it('makes what waits for a receiver due now', async () => {
    const { world, id } = await openWorld();
    world.receiver.reply = () => ({ status: 503, retryAfter: '86400' });
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    world.receiver.reply = () => 204;
    await world.webhooks.deliveries.replay(id, { status: 'held', dryRun: false });
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
  });

  it.each([
    [{ sinceMs: 1 }, 'since'],
    [{ untilMs: 1 }, 'until'],
  ])('takes no span, for nothing of it is left out (%o)', async (span, field) => {
    const { world, id } = await openWorld();
    const asked = { status: 'held', dryRun: false, ...span } as const;
    await expect(world.webhooks.deliveries.replay(id, asked)).rejects.toMatchObject({ code: 'invalid_request', field });
  });
});
