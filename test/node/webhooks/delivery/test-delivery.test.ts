import { describe, expect, it } from 'vitest';
import { TESTS_IN_FLIGHT_MAX } from '../../../../node/webhooks/delivery/test-delivery.ts';
import { SUBSCRIPTIONS_MAX } from '../../../../node/webhooks/webhooks.ts';
import { SECOND_MS, WebhookWorld } from '../../../support/webhook-world.ts';

async function openWorld(): Promise<WebhookWorld> {
  const world = new WebhookWorld();
  await world.open();
  return world;
}

describe('a test delivery', () => {
  it('is one real signed attempt that the log of changes knows nothing of', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    expect(await world.webhooks.test(id)).toEqual({
      success: true,
      message: 'The receiver accepted the test with 204.',
      status: 204,
      durationMs: 0,
    });
    const [received] = world.receiver.received;
    expect(received?.headers).toMatchObject({ 'X-Webhook-Event': 'webhook.test', 'X-Webhook-Id': id });
    expect(received?.headers['webhook-signature']).toMatch(/^v1,/);
    expect(JSON.parse(received?.text ?? '')).toMatchObject({
      event: 'webhook.test',
      type: 'webhook.test',
      agent: { hostId: 'mac' },
      changes: { added: [], removed: [], current: [] },
    });
    expect((await world.webhooks.get(id)).deliveries).toMatchObject({ pending: 0, lastSuccessAt: null });
  });

  it.each([
    [500, /500: only 2xx/],
    [302, /302: redirects are not followed/],
    [410, /410: .* would be disabled/],
  ])('says what %i means, and changes nothing', async (status, message) => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => status;
    expect(await world.webhooks.test(id)).toMatchObject({
      success: false,
      status,
      message: expect.stringMatching(message),
    });
    expect(await world.webhooks.get(id)).toMatchObject({ enabled: true, deliveries: { failingSince: null } });
  });

  it('says why there was no answer', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    world.receiver.reply = () => 'unreachable';
    expect(await world.webhooks.test(id)).toEqual({ success: false, message: 'Refused.', durationMs: 0 });
  });

  it('can be made while the subscription is disabled', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    await world.webhooks.patch(id, { enabled: false });
    expect(await world.webhooks.test(id)).toMatchObject({ success: true });
  });

  it('waits for those before it: the third at a time of one webhook is refused, and no other webhook notices', async () => {
    const world = await openWorld();
    const { id } = await world.subscribe();
    const other = await world.subscribe({ url: 'http://127.0.0.1:10/' });
    world.receiver.reply = async ({ url }) => {
      if (url.endsWith(':9/hook')) await world.clock.sleep(SECOND_MS);
      return 204;
    };
    const tests = [world.webhooks.test(id), world.webhooks.test(id)];
    await expect(world.webhooks.test(id)).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 1 });
    expect(await world.webhooks.test(other.id)).toMatchObject({ success: true });
    await world.clock.advance(SECOND_MS);
    await Promise.all(tests);
    const next = world.webhooks.test(id);
    await world.clock.advance(SECOND_MS);
    expect(await next).toMatchObject({ success: true });
  });

  it('has a place of its own, whatever the tests of ninety-nine other webhooks hold', async () => {
    const world = await openWorld();
    const slow = [];
    for (let at = 1; at < SUBSCRIPTIONS_MAX; at += 1)
      slow.push(await world.subscribe({ url: `http://127.0.0.1:9/${at}` }));
    const { id } = await world.subscribe({ url: 'http://127.0.0.1:10/' });
    world.receiver.reply = ({ url }) => (url.endsWith(':10/') ? 204 : 'silence');
    for (const webhook of slow)
      for (let at = 0; at < TESTS_IN_FLIGHT_MAX; at += 1) void world.webhooks.test(webhook.id);
    expect(await world.webhooks.test(id)).toMatchObject({ success: true });
  });
});
