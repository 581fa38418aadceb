// The routes of sending, with a server that a test scripts behind them.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SendConfig } from '../../../node/send/accounts/account.ts';
import type { Mailer, Shipment, ShipmentOutcome } from '../../../node/send/mailer.ts';
import { DnsFailure, type Resolver } from '../../../node/validation/deliverability.ts';
import dns from '../../data/python-email-validator-dns.json' with { type: 'json' };
import { account, sendConfig } from '../../support/mail.ts';
import { accepted, notSent } from '../../support/mail-world.ts';
import { type TestNode, testNode } from '../../support/test-node.ts';

const ADDRESSES = [
  { address: 'titania@mail.example.com', displayName: 'Titania' },
  { address: 'iac@mail.example.com' },
];
const MAIL = { to: 'bob@mail.example.com', subject: 'Hello', body: 'Hi' };

interface World extends TestNode {
  readonly shipped: Shipment[];
  script: (shipment: Shipment) => Promise<ShipmentOutcome> | ShipmentOutcome;
}

async function withTitania(config: Partial<SendConfig> = {}): Promise<World> {
  const shipped: Shipment[] = [];
  const mailer: Mailer = {
    ship: async (shipment) => {
      shipped.push(shipment);
      await shipment.begin();
      return world.script(shipment);
    },
    close: () => Promise.resolve(),
  };
  const world: World = Object.assign(await testNode({ send: sendConfig(config), mailer }), {
    shipped,
    script: accepted as World['script'],
  });
  world.node.start();
  await world.ask('POST', '/api/agents', { id: 't1', name: 'titania', tools: { email: { addresses: ADDRESSES } } });
  await world.ask('POST', '/api/agents', {
    id: 'o1',
    name: 'oberon',
    tools: { email: { addresses: [{ address: 'oberon@mail.example.com' }] } },
  });
  return world;
}

const send = (world: World, parts: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
  world.ask('POST', '/api/email/send', { agentId: 't1', ...MAIL, ...parts }, headers);

describe('POST /api/email/send', () => {
  it("answers 202 with the whole message, as the agent's primary address", async () => {
    const world = await withTitania();
    const { status, body } = await send(world);
    expect(status).toBe(202);
    expect(body).toEqual({
      email_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'pending',
      message: expect.any(String),
      timestamp: expect.stringMatching(/Z$/),
      recipient: 'bob@mail.example.com',
      subject: 'Hello',
      state: 'queued',
      messageId: expect.stringMatching(/^<[0-9a-f-]{36}@mail\.example\.com>$/),
      from: 'titania@mail.example.com',
      recipients: [{ address: 'bob@mail.example.com', kind: 'to', state: 'pending' }],
    });
    await world.clock.advance(1_000);
    expect(world.shipped[0]?.content.from).toEqual({ name: 'Titania', address: 'titania@mail.example.com' });
  });

  it.each(['TITANIA@mail.example.com', 'Titania@MAIL.example.com'])(
    'sends as the address that is owned, not as %s',
    async (from) => {
      const world = await withTitania();
      const { body } = await send(world, { from });
      expect(body).toMatchObject({ from: 'titania@mail.example.com' });
    },
  );

  it('sends as the registered spelling, where two spellings are one address here', async () => {
    const world = await withTitania();
    const address = 'straße@mail.example.com';
    await world.ask('POST', '/api/agents/t1/email/addresses', { address });
    const { body } = await send(world, { from: 'strasse@mail.example.com' });
    expect(body).toMatchObject({ from: address });
    await world.clock.advance(1_000);
    expect(world.shipped[0]?.content.from.address).toBe(address);
  });

  it('sends nothing as a spelling that was given up, though its other spelling is owned', async () => {
    const world = await withTitania();
    await world.ask('POST', '/api/agents/t1/email/addresses', { address: 'straße@mail.example.com' });
    const sendAt = new Date(world.clock.wallMs() + 60_000).toISOString();
    const { body } = await send(world, { from: 'straße@mail.example.com', sendAt });
    await world.ask('DELETE', `/api/agents/t1/email/addresses/${encodeURIComponent('straße@mail.example.com')}`);
    await world.ask('POST', '/api/agents/t1/email/addresses', { address: 'strasse@mail.example.com' });
    await world.clock.advance(61_000);
    const status = await world.ask('GET', `/api/email/status/${(body as { email_id: string }).email_id}`);
    expect([(status.body as { state: string }).state, world.shipped.length]).toEqual(['failed', 0]);
  });

  it('refuses to send as an owned address that no mail can be written with, naming the field', async () => {
    const world = await withTitania();
    const agent = { id: 'p1', name: 'puck', tools: { email: { addresses: [{ address: '"a>b"@mail.example.com' }] } } };
    expect((await world.ask('POST', '/api/agents', agent)).status).toBe(201);
    const answer = await world.ask('POST', '/api/email/send', { agentId: 'p1', ...MAIL });
    expect([answer.status, answer.body]).toEqual([400, expect.objectContaining({ field: 'from' })]);
  });

  it('answers 200 to who waits, once it was sent', async () => {
    const world = await withTitania();
    const { status, body } = await world.ask('POST', '/api/email/send?wait=true', { agentId: 't1', ...MAIL });
    expect([status, (body as { status: string }).status]).toEqual([200, 'sent']);
  });

  it('answers 202 to who waits when it takes longer', async () => {
    const world = await withTitania();
    world.script = () => new Promise(() => undefined);
    const asked = send(world, { wait: true });
    await world.clock.advance(30_000);
    expect((await asked).status).toBe(202);
  });

  it('sends as any address of the agent, whatever its spelling, with the name it is given', async () => {
    const world = await withTitania();
    await send(world, { agentId: undefined, from: 'T <IAC@Mail.Example.com>' });
    await world.clock.advance(1_000);
    expect(world.shipped[0]?.content.from).toEqual({ name: 'T', address: 'iac@mail.example.com' });
  });

  it.each([
    [{ from: 'oberon@mail.example.com' }, 'sender_not_owned', 403],
    [{ agentId: undefined, from: 'nobody@mail.example.com' }, 'sender_not_owned', 403],
    [{ agentId: 'unknown' }, 'sender_not_owned', 403],
    [{ agentId: undefined }, 'invalid_request', 400],
    [{ to: 'nobody' }, 'invalid_address', 400],
    [{ unknown: 1 }, 'unknown_field', 400],
    [{ attachments: ['/etc/passwd'] }, 'invalid_request', 400],
    [{ subject: 'a\r\nBcc: evil@evil.test' }, 'invalid_request', 400],
  ])('refuses %j: %s', async (parts, code, status) => {
    const world = await withTitania();
    const answer = await send(world, parts);
    expect([answer.status, (answer.body as { error: string }).error]).toEqual([status, code]);
    expect((await world.ask('GET', '/api/email/log')).body).toEqual({ emails: [] });
  });

  it('refuses an agent whose email is disabled', async () => {
    const world = await withTitania();
    await world.ask('PATCH', '/api/agents/t1', { tools: { email: { enabled: false } } });
    expect((await send(world)).status).toBe(403);
  });

  it('answers the same message to the same key, and 409 to another request with it', async () => {
    const world = await withTitania();
    const key = { 'idempotency-key': 'k1' };
    const [first, again, other] = [
      await send(world, {}, key),
      await send(world, {}, key),
      await send(world, { subject: 'x' }, key),
    ];
    expect([first.status, again.status, other.status]).toEqual([202, 202, 409]);
    expect((again.body as { email_id: string }).email_id).toBe((first.body as { email_id: string }).email_id);
    expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([
      null,
      'true',
    ]);
  });

  it('sends nothing as an address that the agent has given up meanwhile', async () => {
    const world = await withTitania();
    const sendAt = new Date(world.clock.wallMs() + 60_000).toISOString();
    const idOf = (answer: { readonly body: unknown }) => (answer.body as { email_id: string }).email_id;
    const given = idOf(await send(world, { from: 'iac@mail.example.com', sendAt }));
    const kept = idOf(await send(world, { sendAt }));
    await world.ask('DELETE', '/api/agents/t1/email/addresses/iac%40mail.example.com');
    await world.clock.advance(120_000);
    const status = async (id: string) => (await world.ask('GET', `/api/email/status/${id}`)).body;
    expect(await status(given)).toMatchObject({
      state: 'failed',
      message: "Agent 'titania' does not own 'iac@mail.example.com' any more, so it is not sent.",
    });
    expect([await status(kept), world.shipped.length]).toMatchObject([{ state: 'sent' }, 1]);
  });

  it('believes no bounce of what no server has taken: it is sent, and nobody is put on the list', async () => {
    const world = await withTitania();
    const sendAt = new Date(world.clock.wallMs() + 60_000).toISOString();
    const { email_id } = (await send(world, { sendAt })).body as unknown as { email_id: string };
    const recipients = [{ address: MAIL.to, status: '5.1.1' }];
    expect(await world.ask('POST', '/api/email/bounces', { email_id, recipients })).toMatchObject({
      status: 200,
      body: { suppressed: [] },
    });
    await world.clock.advance(120_000);
    expect((await world.ask('GET', `/api/email/status/${email_id}`)).body).toMatchObject({ state: 'sent' });
  });

  it('answers 429 with Retry-After to who waits over the rate', async () => {
    const world = await withTitania({ agentRatePerHour: 1 });
    await send(world, { wait: true });
    const answer = await send(world, { wait: true });
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect((await send(world)).status).toBe(202);
  });

  it('answers 409 with what to set while there is no account', async () => {
    const world = await withTitania({ accounts: [] });
    expect((await world.ask('POST', '/api/email/blobs', 'x')).status).toBe(409);
    const { status, body } = await send(world);
    expect([status, body]).toEqual([
      409,
      { error: 'sending_not_configured', message: expect.stringContaining('MESH_SEND_ACCOUNTS') },
    ]);
  });
});

describe('what became of it', () => {
  it('is told by its id, and 404 with found:false for another', async () => {
    const world = await withTitania();
    const { email_id } = (await send(world, { wait: true })).body as { email_id: string };
    const { status, body } = await world.ask('GET', `/api/email/status/${email_id}`);
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({
        email_id,
        found: true,
        status: 'sent',
        recipient: 'bob@mail.example.com',
        delivery_attempts: 1,
        sent_at: expect.any(String),
        last_updated: expect.any(String),
      }),
    ]);
    const missing = await world.ask('GET', '/api/email/status/x');
    expect([missing.status, missing.body]).toEqual([
      404,
      { error: 'not_found', message: expect.any(String), email_id: 'x', found: false },
    ]);
  });

  it('is told in the log, by agent and state', async () => {
    const world = await withTitania();
    await send(world, { wait: true });
    await send(world, { agentId: 'o1', wait: true });
    const count = async (query: string) =>
      ((await world.ask('GET', `/api/email/log${query}`)).body as { emails: unknown[] }).emails.length;
    expect([
      await count(''),
      await count('?agentId=o1'),
      await count('?state=sent'),
      await count('?state=failed'),
      await count('?limit=1'),
    ]).toEqual([2, 1, 2, 0, 1]);
    expect((await world.ask('GET', '/api/email/log?state=x')).status).toBe(400);
    expect((await world.ask('GET', '/api/email/log?cursor=x')).status).toBe(400);
  });

  it('is told to subscribers as an event of the agent', async () => {
    const world = await withTitania();
    await send(world, { wait: true });
    const entries = await world.node.registry.changes.read(0, 100);
    const last = entries.at(-1);
    expect([last?.event, last?.agent.id, last?.sequence]).toEqual(['email.sent', 't1', 3]);
  });
});

describe('a message that waits', () => {
  it('can be cancelled, and not twice', async () => {
    const world = await withTitania();
    const sendAt = new Date(world.clock.wallMs() + 3_600_000).toISOString();
    const { email_id } = (await send(world, { sendAt })).body as { email_id: string };
    const cancelled = await world.ask('POST', `/api/email/${email_id}/cancel`);
    expect([cancelled.status, (cancelled.body as { state: string }).state]).toEqual([200, 'cancelled']);
    expect((await world.ask('POST', `/api/email/${email_id}/cancel`)).status).toBe(409);
    expect((await world.ask('POST', '/api/email/unknown/cancel')).status).toBe(404);
  });

  it('that is unknown is sent again by the operator’s word', async () => {
    const world = await withTitania();
    world.script = () => ({ kind: 'unknown', reply: 'gone', tookMs: 1 });
    const { email_id } = (await send(world, { wait: true })).body as { email_id: string };
    world.script = accepted;
    expect((await world.ask('POST', `/api/email/${email_id}/resend`)).status).toBe(202);
    await world.clock.advance(1_000);
    expect((await world.ask('GET', `/api/email/status/${email_id}`)).body).toMatchObject({
      state: 'sent',
      delivery_attempts: 2,
    });
  });
});

describe('POST /api/email/explain', () => {
  it('says as whom and through what, and sends nothing', async () => {
    const world = await withTitania({
      accounts: [account({ id: 'other', senders: ['@else.example.com'] }), account({ id: 'main' })],
    });
    await world.ask('POST', '/api/email/suppressions', { address: 'cid@mail.example.com', reason: 'opt_out' });
    const { status, body } = await world.ask('POST', '/api/email/explain', {
      agentId: 't1',
      ...MAIL,
      cc: ['cid@mail.example.com'],
    });
    expect([status, body]).toMatchObject([
      200,
      {
        from: { address: 'titania@mail.example.com' },
        agent: { id: 't1' },
        account: 'main',
        accounts: [
          { id: 'other', usable: false },
          { id: 'main', usable: true },
        ],
        recipients: [
          { address: 'bob@mail.example.com' },
          { address: 'cid@mail.example.com', suppressed: { reason: 'opt_out' } },
        ],
      },
    ]);
    await world.clock.advance(1_000);
    expect(world.shipped).toEqual([]);
  });
});

describe('GET /api/email/providers', () => {
  it('lists presets and accounts with their health, and no secret', async () => {
    const world = await withTitania();
    world.script = () => ({
      kind: 'not_sent',
      error: 'auth_failed',
      class: 'permanent',
      scope: 'account',
      reply: '535 no',
      tookMs: 1,
    });
    await send(world);
    await world.clock.advance(1_000);
    const { body } = await world.ask('GET', '/api/email/providers');
    const { providers, accounts } = body as { providers: { id: string }[]; accounts: unknown[] };
    expect(providers.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['gmail', 'hotmail', 'outlook365', 'sendgrid']),
    );
    expect(accounts).toMatchObject([{ id: 'main', health: 'open', lastError: 'auth_failed: 535 no' }]);
  });
});

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

describe('DELETE /api/email/:id/attachments', () => {
  it('lets go of what a failed mail holds, at once, and of nothing that waits', async () => {
    const world = await withTitania();
    world.script = () => notSent('message_refused', 'permanent', 'message');
    const attachments = [{ filename: 'a.txt', content: 'aGVsbG8=' }];
    const { email_id } = (await send(world, { wait: true, attachments })).body as { email_id: string };
    const path = `/api/email/${email_id}/attachments`;
    expect(await world.ask('DELETE', path)).toMatchObject({
      status: 200,
      body: { email_id, state: 'failed', message: expect.stringContaining('let go of') },
    });
    expect((await world.ask('POST', `/api/email/${email_id}/resend`)).status).toBe(409);
    const blob = createHash('sha256').update('hello').digest('hex');
    expect(await send(world, { attachments: [{ filename: 'a.txt', blob }] })).toMatchObject({
      status: 400,
      body: { field: 'attachments[0].blob' },
    });
    const sendAt = new Date(world.clock.wallMs() + 3_600_000).toISOString();
    const waiting = (await send(world, { sendAt, attachments })).body as { email_id: string };
    expect((await world.ask('DELETE', `/api/email/${waiting.email_id}/attachments`)).status).toBe(409);
    expect((await world.ask('DELETE', '/api/email/nothing/attachments')).status).toBe(404);
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

describe('blobs', () => {
  it('are uploaded once and attached by their hash', async () => {
    const world = await withTitania();
    const answer = await world.node.fetch(
      new Request('http://localhost/api/email/blobs', {
        method: 'POST',
        body: 'hello',
        headers: { host: 'localhost' },
      }),
    );
    const { blob, bytes } = (await answer.json()) as { blob: string; bytes: number };
    expect([answer.status, bytes]).toEqual([201, 5]);
    await send(world, {
      wait: true,
      attachments: [
        { filename: 'a.txt', blob },
        { filename: 'b.txt', content: 'aGVsbG8=' },
      ],
    });
    expect(
      world.shipped[0]?.content.attachments.map((part) => [part.filename, part.blob === blob, part.bytes]),
    ).toEqual([
      ['a.txt', true, 5],
      ['b.txt', true, 5],
    ]);
  });
});

describe('POST /api/email/validate', () => {
  it("answers python-email-validator's fields, or its sentence", async () => {
    const node = await testNode();
    expect((await node.ask('POST', '/api/email/validate', { email: 'Ann@Bücher.example.com' })).body).toEqual({
      email: 'Ann@Bücher.example.com',
      valid: true,
      normalized: 'Ann@bücher.example.com',
      local: 'Ann',
      domain: 'bücher.example.com',
      ascii_email: 'Ann@xn--bcher-kva.example.com',
      ascii_local: 'Ann',
      ascii_domain: 'xn--bcher-kva.example.com',
      smtputf8: false,
    });
    expect((await node.ask('POST', '/api/email/validate', { email: 'my@localhost' })).body).toMatchObject({
      valid: false,
      error: expect.any(String),
      error_code: expect.any(String),
    });
    expect((await node.ask('POST', '/api/email/validate', { emails: ['a@b.example.com', 'x'] })).body).toMatchObject({
      results: [{ valid: true }, { valid: false }],
    });
  });

  it('refuses quotes before the @ and IP addresses after it, unless they are allowed', async () => {
    const node = await testNode();
    const ask = async (body: object) => (await node.ask('POST', '/api/email/validate', body)).body;
    const quoted = { email: '"john doe"@b.example.com' };
    const literal = { email: 'a@[192.0.2.1]' };
    expect(await ask(quoted)).toMatchObject({ valid: false, error_code: 'quoted_local_part_not_allowed' });
    expect(await ask(literal)).toMatchObject({ valid: false, error_code: 'domain_literal_not_allowed' });
    expect(await ask({ ...quoted, allowQuotedLocal: true })).toMatchObject({ valid: true, local: '"john doe"' });
    expect(await ask({ ...literal, allowDomainLiteral: true, checkDeliverability: true })).toEqual({
      ...{ email: literal.email, valid: true, normalized: literal.email, local: 'a', ascii_local: 'a' },
      ...{ domain: '[192.0.2.1]', ascii_domain: '[192.0.2.1]', ascii_email: literal.email, smtputf8: false },
      domain_address: '192.0.2.1',
    });
    expect(await ask({ emails: [quoted.email, literal.email], allowQuotedLocal: true })).toMatchObject({
      results: [{ valid: true }, { valid: false }],
    });
  });

  it.each([
    [{}],
    [{ email: 'a@b.c', emails: [] }],
    [{ email: 1 }],
    [{ email: 'a@b.c', allowQuotedLocal: 'yes' }],
    [{ emails: Array.from({ length: 1_001 }, () => 'a') }],
    [{ emails: Array.from({ length: 51 }, () => 'a'), checkDeliverability: true }],
  ])('refuses %#', async (body) =>
    expect((await (await testNode()).ask('POST', '/api/email/validate', body)).status).toBe(400),
  );

  it.each(dns.cases.map((one) => [one.domain, one] as const))(
    'says of %s what python-email-validator says',
    async (domain, expected) => {
      const node = await testNode({ resolver: recordedDns });
      const { body } = await node.ask('POST', '/api/email/validate', {
        email: `me@${domain}`,
        checkDeliverability: true,
      });
      if (expected.ok === true)
        expect(body).toMatchObject({
          valid: true,
          deliverable: true,
          mx: expected.mx,
          mx_fallback_type: expected.mx_fallback_type,
        });
      else if (expected.ok === false)
        expect(body).toMatchObject({ valid: false, error: expected.error?.replace('{domain}', domain) });
      else expect(body).toMatchObject({ valid: true, deliverable: 'unknown', unknown: 'timeout' });
    },
  );
});

/** What python-email-validator's own tests have recorded; a name they asked nothing of does not answer. */
const recordedDns: Resolver = {
  mx: async (domain) =>
    answers(domain, 'MX').map((text) => ({
      priority: Number(text.split(' ')[0]),
      exchange: String(text.split(' ')[1]),
    })),
  a: async (domain) => answers(domain, 'A'),
  aaaa: async (domain) => answers(domain, 'AAAA'),
  txt: async (domain) => answers(domain, 'TXT').map((text) => text.replace(/^"|"$/g, '')),
};

function answers(name: string, type: string): readonly string[] {
  const known = dns.answers.filter(({ query }) => query.name === name);
  if (known.length === 0) throw new DnsFailure('unknown');
  if (known.some(({ query }) => query.type === 'ANY')) throw new DnsFailure('absent');
  return known.find(({ query }) => query.type === type)?.answer ?? [];
}

describe('GET /api/email/tools', () => {
  it('gives the schemas, in the form of MCP or of function calling', async () => {
    const node = await testNode();
    const names = ['send_email', 'validate_email', 'get_email_status', 'lookup_address'];
    const { tools } = (await node.ask('GET', '/api/email/tools')).body as {
      tools: { name: string; inputSchema: { required: string[]; properties: object } }[];
    };
    expect([tools.map(({ name }) => name), tools[0]?.inputSchema.required]).toEqual([names, ['to', 'subject']]);
    expect(Object.keys(tools[1]?.inputSchema.properties ?? {})).toEqual(
      expect.arrayContaining(['allowQuotedLocal', 'allowDomainLiteral']),
    );
    const functions = (await node.ask('GET', '/api/email/tools?format=openai')).body as {
      tools: { type: string; function: { name: string } }[];
    };
    expect(functions.tools.map((tool) => [tool.type, tool.function.name])).toEqual(
      names.map((name) => ['function', name]),
    );
  });
});
