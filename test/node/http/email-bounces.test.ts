import { describe, expect, it } from 'vitest';
import { send, withTitania } from '../../support/mail-routes.ts';

describe('bounces', () => {
  it('of a message of ours mark it, and put its address on the list', async () => {
    const world = await withTitania();
    const { messageId, email_id } = (await send(world, { wait: true })).body as { messageId: string; email_id: string };
    const report = {
      messageId,
      recipients: [{ address: 'BOB@mail.example.com', status: '5.1.1', diagnostic: 'no such user' }],
    };
    const { status, body } = await world.ask('POST', '/api/email/bounces', report);
    expect([status, body]).toMatchObject([200, { email_id, state: 'bounced', suppressed: ['bob@mail.example.com'] }]);
    const next = await send(world, { wait: true });
    expect((next.body as { state: string }).state).toBe('suppressed');
    await world.ask('DELETE', '/api/email/suppressions/bob%40mail.example.com');
    expect(((await send(world, { wait: true })).body as { state: string }).state).toBe('sent');
  });

  it.each([
    [{ messageId: '<x@y.example.com>', recipients: [{ address: 'bob@mail.example.com', status: '5.1.1' }] }, 404],
    [{ recipients: [{ address: 'bob@mail.example.com', status: '5.1.1' }] }, 400],
    [{ messageId: '<x@y>', recipients: [{ address: 'bob@mail.example.com', status: 'bad' }] }, 400],
  ])('that are about nothing of ours change nothing, %#', async (report, status) => {
    const world = await withTitania();
    await send(world, { wait: true });
    expect((await world.ask('POST', '/api/email/bounces', report)).status).toBe(status);
    expect((await world.ask('GET', '/api/email/suppressions')).body).toEqual({ suppressions: [] });
  });

  it('put nobody on the list that another recipient of the message may have spoken ill of', async () => {
    const world = await withTitania();
    const to = ['bob@mail.example.com', 'mal@mail.example.com'];
    for (const more of [{ to }, { bcc: 'mal@mail.example.com' }]) {
      const { messageId } = (await send(world, { wait: true, ...more })).body as { messageId: string };
      const report = { messageId, recipients: [{ address: 'bob@mail.example.com', status: '5.1.1' }] };
      expect((await world.ask('POST', '/api/email/bounces', report)).body).toMatchObject({
        state: 'bounced',
        recipients: [
          { address: 'bob@mail.example.com', state: 'bounced' },
          { address: 'mal@mail.example.com', state: 'sent' },
        ],
        suppressed: [],
      });
    }
    expect((await world.ask('GET', '/api/email/suppressions')).body).toEqual({ suppressions: [] });
  });

  it('of a full mailbox, whatever its code, mark the message and put nobody on the list', async () => {
    const world = await withTitania();
    const { messageId } = (await send(world, { wait: true })).body as { messageId: string };
    const recipients = [{ address: 'bob@mail.example.com', status: '5.0.0', diagnostic: 'smtp; 552 mailbox full' }];
    expect((await world.ask('POST', '/api/email/bounces', { messageId, recipients })).body).toMatchObject({
      state: 'bounced',
      suppressed: [],
    });
  });

  it('for a recipient the message never had change nothing', async () => {
    const world = await withTitania();
    const { messageId } = (await send(world, { wait: true })).body as { messageId: string };
    const report = { messageId, recipients: [{ address: 'ceo@mail.example.com', status: '5.1.1' }] };
    expect((await world.ask('POST', '/api/email/bounces', report)).status).toBe(404);
    expect((await world.ask('GET', '/api/email/suppressions')).body).toEqual({ suppressions: [] });
  });
});

describe('suppressions', () => {
  it('are listed in pages, added and removed', async () => {
    const world = await withTitania();
    for (const name of ['c', 'a', 'b'])
      expect((await world.ask('POST', '/api/email/suppressions', { address: `${name}@x.example.com` })).status).toBe(
        201,
      );
    const first = (await world.ask('GET', '/api/email/suppressions?limit=2')).body as {
      suppressions: { address: string }[];
      nextCursor: string;
    };
    const rest = (await world.ask('GET', `/api/email/suppressions?cursor=${encodeURIComponent(first.nextCursor)}`))
      .body as typeof first;
    expect([...first.suppressions, ...rest.suppressions].map(({ address }) => address)).toEqual([
      'a@x.example.com',
      'b@x.example.com',
      'c@x.example.com',
    ]);
    expect((await world.ask('DELETE', '/api/email/suppressions/x@x.example.com')).status).toBe(404);
    expect((await world.ask('POST', '/api/email/suppressions', { address: 'nobody' })).status).toBe(400);
  });

  it('end when they are said to', async () => {
    const world = await withTitania();
    const expiresAt = new Date(world.clock.wallMs() + 60_000).toISOString();
    await world.ask('POST', '/api/email/suppressions', { address: 'bob@mail.example.com', expiresAt });
    expect(((await send(world, { wait: true })).body as { state: string }).state).toBe('suppressed');
    await world.clock.advance(61_000);
    expect(((await send(world, { wait: true })).body as { state: string }).state).toBe('sent');
  });
});
