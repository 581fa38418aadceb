import { describe, expect, it } from 'vitest';
import { openWebhookApp } from '../../support/webhook-app.ts';

const FORM = { url: 'https://email-gateway.example.com/hooks/identity-changed', events: ['agent.email.changed'] };

describe('POST /api/webhooks', () => {
  it("answers 201 with the specification's members, flat and under webhook", async () => {
    const { send } = await openWebhookApp();
    const { status, body } = await send('POST', '/api/webhooks', { ...FORM, secret: 'shared-secret-for-hmac' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ ...FORM, id: expect.any(String), createdAt: '2026-01-27T12:00:00.000Z' });
    const { webhook, ...flat } = body;
    expect(webhook).toEqual(flat);
    expect(JSON.stringify(body)).not.toContain('shared-secret-for-hmac');
  });

  it('refuses a whsec_ secret that no receiver can decode, and says what would be right', async () => {
    const { send } = await openWebhookApp();
    const { status, body } = await send('POST', '/api/webhooks', { ...FORM, secret: 'whsec_not base64 at all' });
    expect([status, body.error, body.field]).toEqual([400, 'invalid_request', 'secret']);
    expect(body.message).toContain('base64');
    expect(JSON.stringify(body)).not.toContain('at all');
  });

  it('answers with the secret when it made one, beside the webhook and not in it', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.webhook).not.toHaveProperty('secret');
  });

  it('answers 409 to the same again', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const again = await send('POST', '/api/webhooks', FORM);
    expect([again.status, again.body]).toMatchObject([409, { error: 'conflict', webhookId: body.id }]);
  });

  it('answers 400 to an unknown event, with the known ones', async () => {
    const { send } = await openWebhookApp();
    const { status, body } = await send('POST', '/api/webhooks', { ...FORM, events: ['agent.moved'] });
    expect([status, body]).toMatchObject([
      400,
      {
        error: 'unknown_event',
        field: 'events[0]',
        known: [
          'agent.email.changed',
          'agent.created',
          'agent.updated',
          'agent.deleted',
          'email.sent',
          'email.failed',
          'email.bounced',
          'email.unknown',
          'message.received',
          'message.received.spam',
          'message.received.blocked',
          'message.received.unauthenticated',
          'message.sent',
          'message.delivered',
          'message.bounced',
          'message.complained',
          'message.rejected',
          'message.opened',
          'domain.verified',
        ],
      },
    ]);
  });

  it('answers 400 to a URL that is refused', async () => {
    const { send } = await openWebhookApp();
    const { status, body } = await send('POST', '/api/webhooks', { ...FORM, url: 'http://refused/' });
    expect([status, body]).toMatchObject([400, { error: 'url_refused', field: 'url' }]);
  });

  it.each([
    ['url', {}, { url: undefined }],
    ['url', {}, { url: 7 }],
    ['url', {}, { url: `http://a/${'x'.repeat(2_048)}` }],
    ['events', {}, { events: undefined }],
    ['events', {}, { events: [] }],
    ['events', {}, { events: 'agent.created' }],
    ['events', {}, { events: Array.from({ length: 33 }, () => 'agent.created') }],
    ['events[0]', {}, { events: [null] }],
    ['secret', {}, { secret: 'fifteen-letters' }],
    ['secret', {}, { secret: 'x'.repeat(257) }],
    ['secret', {}, { secret: 'not printable \u0007\u0007\u0007' }],
    ['secret', {}, { secret: 'keine-ASCII-Zeichen-ä' }],
    ['scope', {}, { scope: 'world' }],
    ['description', {}, { description: 'x'.repeat(501) }],
    ['description', {}, { description: 'half \ud800 a pair' }],
    ['url', {}, { url: 'http://127.0.0.1:9/\udc00' }],
    ['headers', {}, { headers: ['x-key'] }],
    ['headers', {}, { headers: Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`X-${at}`, 'a'])) }],
    ['headers.Webhook-Id', {}, { headers: { 'Webhook-Id': 'mine' } }],
    ['headers.X-Key', {}, { headers: { 'X-Key': 7 } }],
    ['ratePerSecond', {}, { ratePerSecond: 0 }],
    ['ratePerSecond', {}, { ratePerSecond: 1.5 }],
    ['ratePerSecond', {}, { ratePerSecond: 1_001 }],
    ['enabled', { error: 'unknown_field' }, { enabled: false }],
    ['id', { error: 'unknown_field' }, { id: 'mine' }],
  ])('answers 400 that names %s', async (field, error, wrong) => {
    const { send, world } = await openWebhookApp();
    const { status, body } = await send('POST', '/api/webhooks', { ...FORM, ...wrong });
    expect([status, body]).toMatchObject([400, { error: 'invalid_request', ...error, field }]);
    expect(await world.webhooks.list()).toEqual([]);
  });

  it('never shows a secret in its refusal of it', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', { ...FORM, secret: 'geheim-ß-geheim-geheim' });
    expect(JSON.stringify(body)).not.toContain('geheim');
    expect(body.message).toContain('16 to 256 printable ASCII characters');
  });

  it.each(['x'.repeat(16), 'x'.repeat(256), 'with spaces and ~signs!', 'shared-secret-for-hmac'])(
    "takes the secret '%s'",
    async (secret) => {
      const { send } = await openWebhookApp();
      expect((await send('POST', '/api/webhooks', { ...FORM, secret })).status).toBe(201);
    },
  );
});

describe('GET /api/webhooks', () => {
  it('lists all of them, without secrets', async () => {
    const { send } = await openWebhookApp();
    const made = await send('POST', '/api/webhooks', FORM);
    const { status, body } = await send('GET', '/api/webhooks');
    expect([status, body]).toEqual([200, { webhooks: [made.body.webhook] }]);
  });
});

describe('/api/webhooks/:id', () => {
  it('shows one with what waits and what died', async () => {
    const { send, world } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    world.receiver.reply = () => 500;
    world.changes.append('ann');
    await world.clock.advance(1);
    const shown = await send('GET', `/api/webhooks/${body.id}`);
    expect(shown.status).toBe(200);
    expect(shown.body).toMatchObject({ ...FORM, deliveries: { pending: 1, held: 0, dead: 0 } });
    expect(shown.body.webhook.id).toBe(body.id);
  });

  it('is changed by PATCH', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const changed = await send('PATCH', `/api/webhooks/${body.id}`, { enabled: false, description: 'moved' });
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { enabled: false, disabledReason: 'operator', description: 'moved', webhook: { id: body.id } },
    ]);
  });

  it('is changed in everything that PATCH takes', async () => {
    const { send, world } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', { ...FORM, headers: { 'X-Old': 'old', 'X-Key': 'one' } });
    expect(body).toMatchObject({ scope: 'mesh', headerNames: ['X-Old', 'X-Key'] });
    const path = `/api/webhooks/${body.id}`;
    const changes = { url: 'http://127.0.0.1:9/new', events: ['agent.created'], scope: 'host', ratePerSecond: 5 };
    const changed = await send('PATCH', path, { ...changes, headers: { 'x-key': 'two', 'X-Old': null } });
    expect([changed.status, changed.body]).toMatchObject([200, { ...changes, headerNames: ['x-key'] }]);
    const bare = await send('PATCH', path, { headers: null, ratePerSecond: null });
    expect([bare.status, bare.body.headerNames, bare.body.ratePerSecond]).toEqual([200, undefined, undefined]);
    await world.crash();
    expect(await world.webhooks.get(body.id)).toEqual(bare.body.webhook);
  });

  it.each([['id'], ['createdAt']])('refuses to change %s', async (field) => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const refused = await send('PATCH', `/api/webhooks/${body.id}`, { [field]: 'x'.repeat(20) });
    expect([refused.status, refused.body]).toMatchObject([400, { error: 'unknown_field', field }]);
  });

  it('gets another secret by PATCH, as by a rotation, and shows none', async () => {
    const { send, world } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', { ...FORM, secret: 'the-one-it-had-before' });
    const changed = await send('PATCH', `/api/webhooks/${body.id}`, { secret: 'the-one-from-now-on' });
    expect([changed.status, changed.body]).toMatchObject([200, { formerSecretsUntil: ['2026-01-28T12:00:00.000Z'] }]);
    expect(JSON.stringify([changed.body, world.log.events])).not.toContain('the-one-');
    world.changes.append('ann');
    await world.clock.advance(1);
    expect(world.receiver.received[0]?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
  });

  it('is not changed by a secret that is none', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const refused = await send('PATCH', `/api/webhooks/${body.id}`, { secret: 'too short' });
    expect([refused.status, refused.body]).toMatchObject([400, { error: 'invalid_request', field: 'secret' }]);
  });

  it('is removed by DELETE, and 404 afterwards', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const path = `/api/webhooks/${body.id}`;
    expect(await send('DELETE', path)).toMatchObject({ status: 200, body: { success: true } });
    expect(await send('DELETE', path)).toMatchObject({ status: 404, body: { error: 'not_found' } });
    expect(await send('GET', path)).toMatchObject({ status: 404 });
  });

  it.each(['__proto__', 'constructor', 'nothing', '%2e%2e'])('%s is 404', async (id) => {
    const { send } = await openWebhookApp();
    expect(await send('GET', `/api/webhooks/${id}`)).toMatchObject({ status: 404, body: { error: 'not_found' } });
  });

  it('answers 405 to other methods', async () => {
    const { send } = await openWebhookApp();
    const refused = await send('POST', '/api/webhooks/any', {});
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD, PATCH, DELETE']);
  });
});

describe('POST /api/webhooks/:id/rotate-secret', () => {
  it('answers with the secret that it made, and until when the former one signs too', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const rotated = await send('POST', `/api/webhooks/${body.id}/rotate-secret`, {});
    expect([rotated.status, rotated.body]).toMatchObject([
      200,
      { id: body.id, secret: expect.stringMatching(/^whsec_/), formerSecretsUntil: ['2026-01-28T12:00:00.000Z'] },
    ]);
    expect(rotated.body.secret).not.toBe(body.secret);
    expect(rotated.body.webhook).not.toHaveProperty('secret');
  });

  it('takes no body for one that says nothing', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const rotated = await send('POST', `/api/webhooks/${body.id}/rotate-secret`);
    expect([rotated.status, rotated.body]).toMatchObject([200, { secret: expect.stringMatching(/^whsec_/) }]);
  });

  it('does not say a secret that was given', async () => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const given = { secret: 'another-shared-secret', graceSeconds: 0 };
    const rotated = await send('POST', `/api/webhooks/${body.id}/rotate-secret`, given);
    expect([rotated.status, JSON.stringify(rotated.body).includes('another-shared')]).toEqual([200, false]);
    expect(rotated.body).not.toHaveProperty('formerSecretsUntil');
  });

  it.each([
    ['secret', { secret: 'too short' }],
    ['graceSeconds', { graceSeconds: -1 }],
    ['graceSeconds', { graceSeconds: 604_801 }],
    ['grace', { grace: 1 }],
  ])('answers 400 that names %s', async (field, form) => {
    const { send } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    const refused = await send('POST', `/api/webhooks/${body.id}/rotate-secret`, form);
    expect([refused.status, refused.body]).toMatchObject([400, { field }]);
  });

  it('answers 404 for a webhook that is not there', async () => {
    const { send } = await openWebhookApp();
    expect(await send('POST', '/api/webhooks/none/rotate-secret', {})).toMatchObject({ status: 404 });
  });
});

describe('POST /api/webhooks/:id/test', () => {
  it('answers 200 with what came of one attempt', async () => {
    const { send, world } = await openWebhookApp();
    const { body } = await send('POST', '/api/webhooks', FORM);
    world.receiver.reply = () => 503;
    const tested = await send('POST', `/api/webhooks/${body.id}/test`);
    expect([tested.status, tested.body]).toEqual([
      200,
      { success: false, message: expect.any(String), status: 503, durationMs: expect.any(Number) },
    ]);
    expect(world.receiver.received).toHaveLength(1);
  });
});
