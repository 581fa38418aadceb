import { describe, expect, it } from 'vitest';
import { HOUR_MS, SECOND_MS, WebhookWorld } from '../../support/webhook-world.ts';

const URL_A = 'http://127.0.0.1:9/a';
const EMAIL = ['agent.email.changed'];

async function openWorld(): Promise<WebhookWorld> {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

describe('a subscription', () => {
  it('comes back after a restart as it was', async () => {
    const world = await openWorld();
    const made = await world.subscribe({ description: 'the gateway', scope: 'host' });
    await world.crash();
    expect(await world.webhooks.list()).toEqual([made]);
    expect(made).toMatchObject({ description: 'the gateway', scope: 'host', enabled: true });
  });

  it('is not there until it is durable', async () => {
    const world = await openWorld();
    world.store.stall();
    const subscribed = world.subscribe();
    await world.clock.settle();
    expect(await world.webhooks.list()).toEqual([]);
    world.store.resume();
    await subscribed;
    expect(await world.webhooks.list()).toHaveLength(1);
  });

  it('has its secret told once, and only when we made it', async () => {
    const world = await openWorld();
    const made = await world.webhooks.subscribe({ url: URL_A, events: EMAIL });
    expect(made.secret).toMatch(/^whsec_/);
    const given = await world.webhooks.subscribe({
      url: URL_A,
      events: ['agent.created'],
      secret: 'shared-secret-for-hmac',
    });
    expect(given.secret).toBeUndefined();
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    await world.webhooks.test(given.webhook.id);
    await world.webhooks.patch(made.webhook.id, { description: 'other' });
    await world.clock.advance(73 * HOUR_MS);
    const told = JSON.stringify([await world.webhooks.list(), world.log.events]);
    expect(told).not.toContain('shared-secret-for-hmac');
    expect(told).not.toContain(made.secret);
    expect(JSON.stringify(world.stored('webhook/dead/'))).not.toContain(made.secret);
  });

  it('for the same URL and the same events again is refused, in whatever words', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe({ url: 'http://127.0.0.1:80/a', events: ['agent.created', 'agent.deleted'] });
    const again = { url: 'HTTP://127.1/a#part', events: ['agent.deleted', 'agent.created', 'agent.deleted'] };
    await expect(world.subscribe(again)).rejects.toMatchObject({ code: 'conflict', extra: { webhookId: id } });
    await expect(world.subscribe({ ...again, events: ['agent.created'] })).resolves.toMatchObject({ enabled: true });
  });

  it('is made once when asked for twice at the same moment', async () => {
    const world = await openWorld();
    const both = await Promise.allSettled([world.subscribe(), world.subscribe()]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await world.webhooks.list()).toHaveLength(1);
  });

  it('can be had a hundred times on one host', async () => {
    const world = await openWorld();
    for (let at = 0; at < 100; at += 1) await world.subscribe({ url: `http://127.0.0.1:9/${at}` });
    await expect(world.subscribe({ url: 'http://127.0.0.1:9/more' })).rejects.toMatchObject({ code: 'limit_exceeded' });
  });

  it('to an unknown event is refused with the known ones', async () => {
    const world = await openWorld();
    await expect(world.subscribe({ events: ['agent.created', 'agent.moved'] })).rejects.toMatchObject({
      code: 'unknown_event',
      field: 'events[1]',
      message: expect.stringContaining('agent.email.changed, agent.created, agent.updated, agent.deleted'),
    });
  });

  it('to a URL that the guard refuses is refused, when made and when changed', async () => {
    const world = await openWorld();
    await expect(world.subscribe({ url: 'http://refused/' })).rejects.toMatchObject({ code: 'url_refused' });
    const { id } = await world.subscribe();
    await expect(world.webhooks.patch(id, { url: 'http://refused/' })).rejects.toMatchObject({ code: 'url_refused' });
  });

  it('is judged again when it is switched on, and can be switched off whatever its URL became', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.refused = /./;
    await expect(world.webhooks.patch(id, { enabled: false, description: 'off' })).resolves.toMatchObject({
      enabled: false,
    });
    await expect(world.webhooks.patch(id, { enabled: true })).rejects.toMatchObject({ code: 'url_refused' });
    expect(await world.webhooks.get(id)).toMatchObject({ enabled: false });
  });

  it.each(['__proto__', 'constructor', 'toString', '', 'nothing'])("with the id '%s' does not exist", async (id) => {
    const world = await openWorld();
    const missing = expect.objectContaining({ code: 'not_found' });
    await expect(world.webhooks.get(id)).rejects.toEqual(missing);
    await expect(world.webhooks.patch(id, {})).rejects.toEqual(missing);
    await expect(world.webhooks.remove(id)).rejects.toEqual(missing);
    await expect(world.webhooks.test(id)).rejects.toEqual(missing);
  });
});

describe('a changed subscription', () => {
  it('keeps what was not mentioned, and says when it changed', async () => {
    const world = await openWorld();
    const made = await world.subscribe({ description: 'old' });
    await world.clock.advance(SECOND_MS);
    const events = ['agent.created', 'agent.updated'] as const;
    expect(await world.webhooks.patch(made.id, { events, description: 'new' })).toEqual({
      ...made,
      events,
      description: 'new',
      updatedAt: '2026-01-27T12:00:01.000Z',
    });
    expect(await world.webhooks.patch(made.id, { description: null })).not.toHaveProperty('description');
    await world.crash();
    expect(await world.webhooks.get(made.id)).toMatchObject({ url: made.url, events });
  });

  it('delivers to its new URL', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    await world.webhooks.patch(id, { url: 'http://127.0.0.1:9/new' });
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.accepted.map(({ url }) => url)).toEqual(['http://127.0.0.1:9/new']);
  });

  it('may not become the same as another', async () => {
    const world = await openWorld();
    await world.subscribe({ url: URL_A });
    const { id } = await world.subscribe({ url: URL_A, events: ['agent.created'] });
    await expect(world.webhooks.patch(id, { events: EMAIL })).rejects.toMatchObject({ code: 'conflict' });
    await expect(world.webhooks.patch(id, { events: ['agent.created'] })).resolves.toMatchObject({ id });
  });

  it('remembers what was wanted when only as long as something waits for it', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    const lists = [['agent.created'], EMAIL] as const;
    for (let at = 0; at < 250; at += 1) {
      await world.webhooks.patch(id, { events: lists[at % 2] ?? [] });
      world.changes.append('ann', 'agent.created');
      await world.clock.settle();
    }
    expect(world.receiver.accepted).toHaveLength(125);
    world.receiver.reply = () => 500;
    const change = async () => {
      for (let at = 0; at < 250; at += 1) {
        await world.webhooks.patch(id, { events: lists[at % 2] ?? [] });
        world.changes.append('ann', 'agent.created');
        await world.clock.settle();
      }
    };
    await expect(change()).rejects.toMatchObject({ code: 'limit_exceeded', field: 'events' });
  });
});

describe('a removed subscription', () => {
  it('is told of nothing more, and leaves nothing on the disk', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    await world.clock.advance(73 * HOUR_MS);
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    expect(Object.keys(world.stored('webhook/'))).toHaveLength(4);
    await world.webhooks.remove(id);
    world.changes.append('ann');
    const before = world.receiver.received.length;
    await world.clock.advance(HOUR_MS);
    expect(world.receiver.received).toHaveLength(before);
    expect(world.stored('webhook/')).toEqual({});
    expect(await world.webhooks.list()).toEqual([]);
  });

  it('has its deliveries in flight cut off, and what they came to is forgotten', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 'silence';
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await world.webhooks.remove(id);
    await world.clock.settle();
    expect(world.receiver.inFlight).toBe(0);
    expect(world.stored('webhook/')).toEqual({});
    expect(world.attempts).toEqual([]);
  });

  it('is erased wholly at the next start when the power failed in between', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    await world.clock.advance(73 * HOUR_MS);
    world.store.stall();
    void world.webhooks.remove(id);
    await world.clock.settle();
    await world.crash(1);
    expect(await world.webhooks.list()).toEqual([]);
    expect(world.stored('webhook/')).toEqual({});
  });
});

describe('what waits', () => {
  it('is shown as pending, or as held while the subscription is disabled', async () => {
    const world = await openWorld();
    const { id: enabled } = await world.subscribe({ url: 'http://127.0.0.1:1/' });
    const { id: disabled } = await world.subscribe({ url: 'http://127.0.0.1:2/' });
    world.receiver.reply = ({ agentId }) => (agentId === 'ann' ? 500 : 204);
    for (const agent of ['bob', 'ann', 'bob', 'ann']) world.changes.append(agent);
    await world.clock.advance(SECOND_MS);
    await world.webhooks.patch(disabled, { enabled: false });
    expect((await world.webhooks.get(enabled)).deliveries).toMatchObject({ pending: 2, held: 0 });
    expect((await world.webhooks.get(disabled)).deliveries).toMatchObject({ pending: 0, held: 2 });
  });
});

describe('a damaged record', () => {
  it.each([
    ['subscription', '{"id":1}'],
    ['progress', '{"cursor":-1}'],
    ['progress', undefined],
  ])('of the kind %s keeps the webhooks from starting, and does not say what is in it', async (kind, text) => {
    const world = await openWorld();
    const { id } = await world.subscribe({ secret: 'shared-secret-for-hmac' });
    const disk = new Map(world.store.crash());
    const key = `webhook/${kind}/${id}`;
    if (text === undefined) disk.delete(key);
    else disk.set(key, text);
    const opened = world.open(disk);
    await expect(opened).rejects.toMatchObject({ code: 'store_failed', message: expect.stringContaining(id) });
    await expect(opened).rejects.not.toMatchObject({ message: expect.stringContaining('shared-secret') });
  });
});
