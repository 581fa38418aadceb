import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { liveSecrets } from '../../../node/webhooks/secrets.ts';
import type { Received } from '../../support/fake-receiver.ts';
import { HOUR_MS, SECOND_MS, WebhookWorld } from '../../support/webhook-world.ts';

const OLD = 'the-first-shared-secret!';
const NEW = 'the-second-shared-secret';
const DAY_SECONDS = 86_400;

async function openWorld() {
  const world = new WebhookWorld();
  await world.open();
  const { id } = await world.subscribe({ secret: OLD });
  const deliver = async () => {
    world.changes.append('ann');
    await world.clock.advance(SECOND_MS);
    return world.receiver.received.at(-1) as Received;
  };
  const kept = () => JSON.stringify(world.stored('webhook/subscription/'));
  return { world, id, deliver, kept };
}

/** The `v1` signature of a request by one secret. */
function v1({ headers, text }: Received, secret: string): string {
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
  return `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`;
}

const plain = ({ text }: Received, secret: string) => createHmac('sha256', secret).update(text).digest('hex');

describe('a secret that is rotated', () => {
  it('signs beside the new one, which comes first, as long as its grace lasts', async () => {
    const { world, id, deliver } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: DAY_SECONDS });
    await world.clock.advance(23 * HOUR_MS);
    const during = await deliver();
    expect(during.headers['webhook-signature']).toBe(`${v1(during, NEW)} ${v1(during, OLD)}`);
    expect(during.headers['X-Webhook-Signature']).toBe(plain(during, NEW));
    await world.clock.advance(HOUR_MS);
    const after = await deliver();
    expect(after.headers['webhook-signature']).toBe(v1(after, NEW));
  });

  it('signs tests by the same keys', async () => {
    const { world, id } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: DAY_SECONDS });
    await world.webhooks.test(id);
    const [test] = world.receiver.received as [Received];
    expect(test.headers['webhook-signature']).toBe(`${v1(test, NEW)} ${v1(test, OLD)}`);
  });

  it('signs through restarts, and is forgotten on the disk when its grace is over', async () => {
    const { world, id, deliver, kept } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    await world.crash();
    const during = await deliver();
    expect(during.headers['webhook-signature']).toBe(`${v1(during, NEW)} ${v1(during, OLD)}`);
    expect(kept()).toContain(OLD);
    await world.clock.advance(59 * SECOND_MS);
    expect(kept()).not.toContain(OLD);
    expect(await world.webhooks.get(id)).not.toHaveProperty('formerSecretsUntil');
  });

  it('is forgotten by time alone, to the millisecond', async () => {
    const { world, id, kept } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    await world.clock.advance(60 * SECOND_MS - 1);
    expect(kept()).toContain(OLD);
    await world.clock.advance(1);
    expect(kept()).not.toContain(OLD);
  });

  it('signs no more when its grace is over, be it forgotten yet or not', () => {
    const secrets = { secret: NEW, formerSecrets: [{ secret: OLD, untilMs: 1_000 }] };
    expect([999, 1_000].map((nowMs) => liveSecrets(secrets, nowMs))).toEqual([[NEW, OLD], [NEW]]);
  });

  it('is forgotten though the node was down when its grace ended, and though the subscription is disabled', async () => {
    const { world, id, kept } = await openWorld();
    await world.webhooks.patch(id, { enabled: false });
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    await world.stop();
    await world.clock.advance(HOUR_MS);
    await world.crash();
    await world.clock.advance(1);
    expect(kept()).not.toContain(OLD);
  });

  it('is forgotten at most a week later by the clock that is then, be it set back', async () => {
    const { world, id, kept } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    world.clock.setBack(1_000 * HOUR_MS);
    await world.crash();
    await world.clock.advance(7 * 24 * HOUR_MS);
    expect(kept()).not.toContain(OLD);
  });

  it('without grace is forgotten at once, and with it all that were before', async () => {
    const { world, id, deliver, kept } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: 'one-in-between-the-two', graceSeconds: DAY_SECONDS });
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 0 });
    const after = await deliver();
    expect(after.headers['webhook-signature']).toBe(v1(after, NEW));
    expect([kept().includes(OLD), kept().includes('in-between')]).toEqual([false, false]);
  });

  it('twice to the same secret, as by a request that is repeated, keeps the first grace', async () => {
    const { world, id, deliver } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    const during = await deliver();
    expect(during.headers['webhook-signature']).toBe(`${v1(during, NEW)} ${v1(during, OLD)}`);
  });

  it('back to a former one has each key once', async () => {
    const { world, id, deliver } = await openWorld();
    await world.webhooks.rotateSecret(id, { secret: NEW, graceSeconds: 60 });
    await world.webhooks.rotateSecret(id, { secret: OLD, graceSeconds: 60 });
    const during = await deliver();
    expect(during.headers['webhook-signature']).toBe(`${v1(during, OLD)} ${v1(during, NEW)}`);
  });

  it('may have three others within their grace, and is refused beyond', async () => {
    const { world, id } = await openWorld();
    const rotate = (at: number) =>
      world.webhooks.rotateSecret(id, { secret: `secret-number-000${at}`, graceSeconds: 60 });
    for (const at of [1, 2, 3]) await rotate(at);
    await expect(rotate(4)).rejects.toMatchObject({ code: 'limit_exceeded', field: 'graceSeconds' });
    await world.clock.advance(60 * SECOND_MS);
    await rotate(4);
  });

  it('is shown nowhere', async () => {
    const { world, id, deliver } = await openWorld();
    const { secret } = await world.webhooks.rotateSecret(id, { graceSeconds: 60 });
    expect(secret).toMatch(/^whsec_/);
    await deliver();
    const told = JSON.stringify([await world.webhooks.list(), world.log.events]);
    expect([told.includes(OLD), told.includes(String(secret))]).toEqual([false, false]);
  });
});
