// The routes beside the one that sends: what became of a message, as whom it would go, and what agents and operators may know of sending.
import { describe, expect, it } from 'vitest';
import { account } from '../../support/mail.ts';
import { MAIL, send, withTitania } from '../../support/mail-routes.ts';
import { accepted } from '../../support/mail-world.ts';
import { testNode } from '../../support/test-node.ts';

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
