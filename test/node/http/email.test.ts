// The routes of sending, with a server that a test scripts behind them.
import { describe, expect, it } from 'vitest';
import { MAIL, send, withTitania } from '../../support/mail-routes.ts';

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

  it('gives each mail an id that sorts behind those before it, as its records do on the disk', async () => {
    const world = await withTitania();
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) {
      ids.push(((await send(world)).body as { email_id: string }).email_id);
      await world.clock.advance(1);
    }
    expect(ids).toEqual([...new Set(ids)].sort());
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
