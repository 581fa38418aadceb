import { describe, expect, it } from 'vitest';
import { customHeaders, mergedHeaders } from '../../../node/webhooks/custom-headers.ts';
import { SECOND_MS, WebhookWorld } from '../../support/webhook-world.ts';

const isTaken = (headers: unknown) => customHeaders.safeParse(headers).success;

describe('headers of a subscription', () => {
  it.each([
    ['X-Api-Key', 'k 1'],
    ['Authorization', 'Bearer a.b-c~d'],
    ["!#$%&'*+-.^_`|~9", 'x'],
    ['x-tab', 'a\tb'],
  ])('may be %s: %s', (name, value) => {
    expect(isTaken({ [name]: value })).toBe(true);
  });

  it.each([
    ['', 'x'],
    ['with space', 'x'],
    ['X-Ä', 'x'],
    ['X:Y', 'x'],
    ['x'.repeat(101), 'x'],
    ['X-Key', ''],
    ['X-Key', ' x'],
    ['X-Key', 'x\t'],
    ['X-Key', 'a\r\nX-Other: b'],
    ['X-Key', 'a\u0000b'],
    ['X-Key', 'ä'],
    ['X-Key', 'x'.repeat(1_025)],
    ['webhook-id', 'x'],
    ['Webhook-Signature', 'x'],
    ['X-WEBHOOK-event', 'x'],
    ['X-Hub-Signature-256', 'x'],
    ['Content-Type', 'text/plain'],
    ['Content-Length', '1'],
    ['Host', 'elsewhere'],
    ['Connection', 'close'],
    ['Transfer-Encoding', 'chunked'],
    ['TE', 'trailers'],
    ['Upgrade', 'h2c'],
    ['Keep-Alive', 'x'],
    ['Proxy-Authorization', 'x'],
  ])("may not be '%s: %s'", (name, value) => {
    expect(isTaken({ [name]: value })).toBe(false);
  });

  it('are ten at most, each named once', () => {
    const some = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`X-${at}`, 'v']));
    expect([isTaken(some(10)), isTaken(some(11)), isTaken({ 'X-Key': 'a', 'x-key': 'b' })]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('are merged by name, whatever the case of its letters', () => {
    expect(mergedHeaders({ 'X-A': '1', 'X-B': '2', 'X-C': '3' }, { 'x-a': '9', 'X-b': null })).toEqual({
      'X-C': '3',
      'x-a': '9',
    });
  });

  it('go with each delivery and each test, and are shown nowhere', async () => {
    const world = new WebhookWorld();
    await world.open();
    const { id } = await world.subscribe({ headers: { 'X-Api-Key': 'very-hidden' } });
    await world.crash();
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    await world.webhooks.test(id);
    await world.webhooks.patch(id, { headers: { 'X-More': 'also-hidden' } });
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.received.map(({ headers }) => [headers['X-Api-Key'], headers['X-More']])).toEqual([
      ['very-hidden', undefined],
      ['very-hidden', undefined],
      ['very-hidden', 'also-hidden'],
    ]);
    expect(JSON.stringify([await world.webhooks.list(), world.log.events])).not.toContain('-hidden');
  });

  it('are no more than ten after a change either', async () => {
    const world = new WebhookWorld();
    await world.open();
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [`X-${at}`, 'v']));
    const { id } = await world.subscribe({ headers: ten });
    await expect(world.webhooks.patch(id, { headers: { 'X-10': 'v' } })).rejects.toMatchObject({
      code: 'limit_exceeded',
      field: 'headers',
    });
    expect((await world.webhooks.patch(id, { headers: { 'X-10': 'v', 'X-0': null } })).headerNames).toHaveLength(10);
  });
});
