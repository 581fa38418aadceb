import { describe, expect, it } from 'vitest';
import { openWebhookApp } from '../../support/webhook-app.ts';
import { HOUR_MS, SECOND_MS } from '../../support/webhook-world.ts';

/** A webhook with a dead letter (1), two that were accepted (2, 3) and one that waits (4). */
async function openApp() {
  const { world, send } = await openWebhookApp();
  const { id } = await world.subscribe();
  world.receiver.reply = ({ agentId }) => (agentId === 'ann' ? 500 : 204);
  for (const agent of ['ann', 'bob', 'bob']) world.changes.append(agent);
  await world.clock.advance(72 * HOUR_MS);
  world.changes.append('ann');
  await world.clock.advance(SECOND_MS);
  const path = `/api/webhooks/${id}`;
  return { world, send, path };
}

describe('GET /api/webhooks/:id/deliveries', () => {
  it('lists what became of each event, oldest first, a page at a time', async () => {
    const { send, path } = await openApp();
    const first = await send('GET', `${path}/deliveries?limit=2`);
    expect([first.status, first.body]).toMatchObject([
      200,
      {
        deliveries: [
          { id: 'msg_1', status: 'dead' },
          { id: 'msg_2', status: 'delivered' },
        ],
        nextCursor: '2',
      },
    ]);
    const second = await send('GET', `${path}/deliveries?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toMatchObject({ deliveries: [{ id: 'msg_3' }, { id: 'msg_4' }] });
    expect(second.body).not.toHaveProperty('nextCursor');
  });

  it('lists those of one status', async () => {
    const { send, path } = await openApp();
    const { body } = await send('GET', `${path}/deliveries?status=dead`);
    expect(body).toMatchObject({ deliveries: [{ seq: 1 }] });
  });

  it.each([
    ['status=lost', 'status'],
    ['cursor=x', 'cursor'],
    ['cursor=-1', 'cursor'],
    ['cursor=1e30', 'cursor'],
    ['cursor=1e1', 'cursor'],
    ['cursor=0x10', 'cursor'],
    ['cursor=', 'cursor'],
    ['limit=1e1', 'limit'],
    ['limit=%202', 'limit'],
    ['limit=', 'limit'],
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['status=dead&status=held', 'status'],
  ])('answers 400 to ?%s', async (query, field) => {
    const { send, path } = await openApp();
    const { status, body } = await send('GET', `${path}/deliveries?${query}`);
    expect([status, body]).toMatchObject([400, { error: 'invalid_request', field }]);
  });

  it('answers 404 for a webhook that is not there', async () => {
    const { send } = await openApp();
    expect(await send('GET', '/api/webhooks/none/deliveries')).toMatchObject({ status: 404 });
  });
});

describe('GET /api/webhooks/:id/deliveries/:deliveryId', () => {
  it('shows one with each attempt', async () => {
    const { send, path } = await openApp();
    const { status, body } = await send('GET', `${path}/deliveries/msg_4`);
    expect([status, body.delivery]).toMatchObject([
      200,
      {
        id: 'msg_4',
        status: 'pending',
        attempts: [{ attempt: 1, at: '2026-01-30T12:00:00.000Z', status: 500, durationMs: 0 }],
      },
    ]);
  });

  it('answers 404 for one that is not there', async () => {
    const { send, path } = await openApp();
    expect(await send('GET', `${path}/deliveries/none`)).toMatchObject({ status: 404, body: { error: 'not_found' } });
  });
});

describe('POST /api/webhooks/:id/deliveries/:deliveryId/retry', () => {
  it('answers 202, and it is attempted again', async () => {
    const { send, path, world } = await openApp();
    world.receiver.reply = () => 204;
    const { status, body } = await send('POST', `${path}/deliveries/msg_1/retry`);
    expect([status, body.delivery]).toMatchObject([202, { id: 'msg_1', status: 'dead', isReplayed: true }]);
    await world.clock.advance(SECOND_MS);
    expect(world.receiver.acceptedOf('ann')).toEqual([1]);
  });

  it('answers 409 while the webhook is disabled', async () => {
    const { send, path } = await openApp();
    await send('PATCH', path, { enabled: false });
    const { status, body } = await send('POST', `${path}/deliveries/msg_1/retry`);
    expect([status, body.error]).toEqual([409, 'conflict']);
  });
});

describe('POST /api/webhooks/:id/replay', () => {
  it('answers 202 with how many are sent again', async () => {
    const { send, path, world } = await openApp();
    world.receiver.reply = () => 204;
    const { status, body } = await send('POST', `${path}/replay`, { status: 'dead' });
    expect([status, body]).toEqual([202, { status: 'dead', replayId: expect.any(String), matched: 1 }]);
    await world.clock.advance(SECOND_MS);
    expect((await send('GET', path)).body).toMatchObject({ deliveries: { dead: 0 } });
  });

  it('answers 200 to a dry run, of a span too', async () => {
    const { send, path, world } = await openApp();
    const span = { since: '2026-01-27T13:00:00+01:00', until: '2026-01-27T12:00:00Z' };
    const { status, body } = await send('POST', `${path}/replay`, { status: 'all', ...span, dryRun: true });
    expect([status, body]).toEqual([200, { dryRun: true, status: 'all', matched: 3 }]);
    const later = await send('POST', `${path}/replay`, {
      status: 'all',
      since: '2026-01-27T12:00:00.001Z',
      dryRun: true,
    });
    expect(later.body.matched).toBe(0);
    expect((await world.webhooks.list())[0]).not.toHaveProperty('replays');
  });

  it.each([
    ['status', {}],
    ['status', { status: 'delivered' }],
    ['since', { status: 'all', since: 'yesterday' }],
    ['since', { status: 'all', since: 1_700_000_000 }],
    ['until', { status: 'all', since: '2026-01-28T00:00:00Z', until: '2026-01-27T00:00:00Z' }],
    ['since', { status: 'held', since: '2026-01-28T00:00:00Z' }],
    ['dryRun', { status: 'all', dryRun: 'yes' }],
    ['from', { status: 'all', from: 1 }],
  ])('answers 400 that names %s', async (field, form) => {
    const { send, path } = await openApp();
    const { status, body } = await send('POST', `${path}/replay`, form);
    expect([status, body.field]).toEqual([400, field]);
  });
});
