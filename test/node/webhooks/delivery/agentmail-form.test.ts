import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

const A = 'a@x.com';
const B = 'b@x.com';
const FORM = { format: 'agentmail', events: ['message.received'], scope: 'host' } as const;

let world: WebhookWorld;
/** Payloads by their event; `undefined`: erased. */
let payloads: Map<string, string | undefined>;
let isOut: boolean;

beforeEach(async () => {
  world = new WebhookWorld();
  [payloads, isOut] = [new Map(), false];
  world.mailPayload = async (eventId) => {
    if (isOut) throw new MeshError('overloaded', 'The mailbox is out of order.');
    return payloads.get(eventId);
  };
  await world.open();
});

/** An event whose payload the mailbox has. */
const mail = (inboxId: string) => {
  const entry = world.changes.mail(inboxId, inboxId);
  payloads.set(entry.message.event_id, JSON.stringify({ event_id: entry.message.event_id }));
  return entry.message.event_id;
};
const received = () => world.receiver.received.map(({ text }) => JSON.parse(text).event_id);

describe('a webhook in the form of AgentMail', () => {
  it('sends the payload that the mailbox keeps, the same octets at each attempt, which its clients verify', async () => {
    const { webhook, secret = '' } = await world.webhooks.subscribe({ ...FORM, url: 'http://127.0.0.1:9/hook' });
    world.receiver.reply = () => (world.receiver.received.length < 3 ? 500 : 204);
    const eventId = mail(A);
    await world.clock.advance(HOUR_MS);
    expect(received()).toEqual([eventId, eventId, eventId]);
    vi.useFakeTimers({ toFake: ['Date'] });
    for (const { text, headers, atMs } of world.receiver.received) {
      vi.setSystemTime(atMs);
      expect(new SvixWebhook(secret).verify(text, headers)).toEqual({ event_id: eventId });
      expect(new StandardWebhook(secret).verify(text, headers)).toEqual({ event_id: eventId });
      expect(headers['svix-id']).toBe(world.receiver.received[0]?.headers['webhook-id']);
      expect(Object.keys(headers).filter((name) => name.toLowerCase().startsWith('x-'))).toEqual([]);
    }
    vi.useRealTimers();
    expect(await world.webhooks.get(webhook.id)).toMatchObject({ format: 'agentmail', deliveries: { pending: 0 } });
  });

  it('tells nothing of what is erased meanwhile, and goes on to what came next', async () => {
    await world.subscribe(FORM);
    world.receiver.reply = () => 500;
    const [erased, next] = [mail(A), mail(A)];
    await world.clock.advance(SECOND_MS);
    payloads.set(erased, undefined);
    world.receiver.reply = () => 204;
    await world.clock.advance(HOUR_MS);
    expect(received()).toEqual([erased, next]);
    expect(world.log.named('delivery.erased')).toHaveLength(1);
    expect(await world.totals()).toMatchObject({ pending: 0, dead: 0 });
  });

  it('waits for a mailbox that is out of order, and holds nothing against the receiver', async () => {
    const { id } = await world.subscribe(FORM);
    isOut = true;
    const eventId = mail(A);
    await world.clock.advance(MINUTE_MS);
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 1, pausedUntil: null });
    isOut = false;
    await world.clock.advance(HOUR_MS);
    expect(received()).toEqual([eventId]);
  });

  it('tells of the inboxes that it names alone, as it named them when the event happened', async () => {
    const { id } = await world.subscribe({ ...FORM, inboxIds: [A] });
    const first = mail(A);
    mail(B);
    await world.webhooks.patch(id, { inboxIds: [B] });
    mail(A);
    const second = mail(B);
    await world.webhooks.patch(id, { inboxIds: null });
    const third = mail(A);
    await world.clock.advance(SECOND_MS);
    expect(received().toSorted()).toEqual([first, second, third].toSorted());
  });

  it('tells of a domain, whole, where its pod is wanted or nothing is named', async () => {
    const events = ['domain.verified'] as const;
    for (const name of ['a', 'b'])
      payloads.set(`event of ${name}.example`, JSON.stringify({ event_id: `event of ${name}.example` }));
    await world.subscribe({ ...FORM, events: [...events] });
    await world.subscribe({ ...FORM, events: [...events], podIds: ['pod'] });
    await world.subscribe({ ...FORM, events: [...events], inboxIds: [A] });
    world.changes.domain('a.example');
    world.changes.domain('b.example', 'pod');
    await world.clock.advance(SECOND_MS);
    expect(received().toSorted()).toEqual([...['event of a.example', 'event of b.example', 'event of b.example']]);
  });

  it('is the same one for the same client id of the same inbox, and may share its URL with another', async () => {
    const wish = { ...FORM, clientId: 'mine' };
    const [first, again] = [
      await world.subscribe(wish),
      await world.subscribe({ ...wish, url: 'http://127.0.0.1:8/' }),
    ];
    expect(again.id).toBe(first.id);
    const others = [await world.subscribe({ ...wish, ownerInboxId: A }), await world.subscribe(FORM)];
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(3);
  });

  it('is refused events that are of no inbox', async () => {
    await expect(world.subscribe({ ...FORM, events: ['agent.created'] })).rejects.toThrow(/agent\.created/);
    const { id } = await world.subscribe(FORM);
    await expect(world.webhooks.patch(id, { events: ['email.sent'] })).rejects.toThrow(/email\.sent/);
  });

  it('is what it was after a crash', async () => {
    const { id } = await world.subscribe({ ...FORM, inboxIds: [A], clientId: 'mine', ownerInboxId: A });
    const before = world.webhooks.subscriptions();
    await world.crash();
    expect(world.webhooks.subscriptions()).toEqual(before);
    const eventId = mail(A);
    await world.clock.advance(SECOND_MS);
    expect([received(), before[0]?.id]).toEqual([[eventId], id]);
  });
});

describe('a webhook of this program’s own form', () => {
  it('tells of an inbox’s event by its reference', async () => {
    await world.subscribe({ events: ['message.received'] });
    const { message } = world.changes.mail(A, A);
    await world.clock.advance(SECOND_MS);
    const told = JSON.parse(world.receiver.received[0]?.text ?? '');
    expect(told).toMatchObject({ type: 'message.received', agent: { id: A }, message });
    expect(told.changes).toBeUndefined();
  });

  it('tells of a domain by its reference, without its pod', async () => {
    await world.subscribe({ events: ['domain.verified'] });
    world.changes.domain('a.example', 'pod');
    await world.clock.advance(SECOND_MS);
    const { domain, message } = JSON.parse(world.receiver.received[0]?.text ?? '');
    expect([domain, message]).toEqual([{ domain_id: 'a.example', event_id: 'event of a.example' }, undefined]);
  });
});
