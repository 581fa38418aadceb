// Mail between the inboxes of one host, without any server outside: sent, answered, passed on.
import { describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

/** A node with the inboxes of Ann and Bob. */
async function withTwo(): Promise<MailboxNode & { ann: string; bob: string }> {
  const node = await mailboxNode();
  for (const username of ['ann', 'bob']) await node.v0('POST', '/inboxes', { username, display_name: username });
  return Object.assign(node, { ann: 'ann@agents.example.com', bob: 'bob@agents.example.com' });
}

const messages = (node: MailboxNode, inbox: string) => node.v0('GET', `/inboxes/${inbox}/messages`);
const send = (node: MailboxNode, inbox: string, body: unknown, headers = {}) =>
  node.v0('POST', `/inboxes/${inbox}/messages/send`, body, headers);

describe('POST …/messages/send', () => {
  it('puts the mail into the inbox that sends it and into those of this host that it is for', async () => {
    await using node = await withTwo();
    const sent = await send(node, node.ann, {
      to: `Bob <${node.bob}>`,
      subject: 'Hello',
      text: 'Hi Bob',
      labels: 'mine',
    });
    expect(sent).toMatchObject({
      status: 200,
      body: { message_id: expect.stringMatching(/^<[-0-9a-f]{36}@agents.example.com>$/) },
    });
    const [own] = (await messages(node, node.ann)).body.messages;
    expect(own).toMatchObject({
      ...sent.body,
      labels: ['delivered', 'mine', 'sent'],
      from: `ann <${node.ann}>`,
      text: 'Hi Bob',
    });
    const [got] = (await messages(node, node.bob)).body.messages;
    expect(got).toMatchObject({ message_id: sent.body.message_id, labels: ['received', 'unread'], subject: 'Hello' });
    expect(got.thread_id).not.toBe(own.thread_id);
    const whole = await node.v0('GET', `/inboxes/${node.bob}/messages/${encodeURIComponent(got.message_id)}`);
    expect(whole.body.authentication_results).toEqual({ spf: 'none', dkim: 'none', dmarc: 'pass' });
  });
});

describe('a recipient', () => {
  it.each([
    ['Jörg Müller', 'Jörg Müller'],
    ['Dr. Bob', '"Dr. Bob"'],
    ['用户 😀', '用户 😀'],
    ['"Bob, the other"', '"Bob, the other"'],
  ])('may be written as mails show it: %s <…>', async (name, shown) => {
    await using node = await withTwo();
    expect((await send(node, node.ann, { to: `${name} <${node.bob}>`, text: 'x' })).status).toBe(200);
    const [got] = (await messages(node, node.bob)).body.messages;
    expect(got.to).toEqual([`${shown} <${node.bob}>`]);
    const draft = await node.v0('POST', `/inboxes/${node.ann}/drafts`, { to: got.to });
    expect(draft.body.to).toEqual(got.to);
  });

  it.each(['Bob, Eve <BOB>', 'Bob <eve@x.com> <BOB>', 'eve@x.com <BOB>', 'Bob\r\nBcc: eve@x.com <BOB>'])(
    'is no more than one: %j',
    async (text) => {
      await using node = await withTwo();
      const sent = await send(node, node.ann, { to: text.replace('BOB', node.bob), text: 'x' });
      expect(sent).toMatchObject({ status: 400, body: { errors: [{ path: ['to', 0] }] } });
    },
  );
});

describe('what is wrong with a mail', () => {
  it.each([
    [{ to: 5 }, ['to'], /^must be an address/],
    [{ to: ['BOB', 'no address'] }, ['to', 1], /^is not [^']* address: .*[^.]$/],
    [{ text: 'x'.repeat(2 * 1_024 * 1_024 + 1) }, ['text'], /^is larger than \d+ octets; attach what is longer$/],
    [{ attachments: [{ content: '*' }] }, ['attachments', 0, 'content'], /^is not base64: .*[^.]$/],
    [{ attachments: [{ filename: 'a' }] }, ['attachments', 0], /^needs content/],
    [{ headers: { 7: 'x' } }, ['headers', '7'], /^The header '7' can't be set/],
    [{ headers: { 'X-A.b[1]': 'x' } }, ['headers', 'X-A.b[1]'], /^The header 'X-A\.b\[1\]' can't be set/],
    [{ headers: { 'X-A': 'a\nb' } }, ['headers', 'X-A'], /^must be one line .* it has U\+000A$/],
  ])('is told by its place, and the words do not name it again: %#', async (body, path, message) => {
    await using node = await withTwo();
    const to = (body as { to?: unknown }).to ?? node.bob;
    const named = Array.isArray(to) ? to.map((one) => one.replace('BOB', node.bob)) : to;
    const { status, body: said } = await send(node, node.ann, { text: 'x', ...body, to: named });
    expect(status).toBe(400);
    expect(said.errors).toEqual([{ path, message: expect.stringMatching(message) }]);
  });
});

describe('a blind copy', () => {
  it('is named and found where the mail was sent, and nowhere else', async () => {
    await using node = await withTwo();
    await node.v0('POST', '/inboxes', { username: 'eve' });
    const eve = 'eve@agents.example.com';
    await send(node, node.ann, { to: node.bob, bcc: eve, text: 'x' });
    const foundBy = async (inbox: string) =>
      (await node.v0('GET', `/inboxes/${inbox}/messages?to=eve`)).body.messages.map(
        (one: { bcc?: unknown }) => one.bcc,
      );
    expect([await foundBy(node.ann), await foundBy(node.bob), await foundBy(eve)]).toEqual([[[eve]], [], []]);
    for (const inbox of [node.bob, eve])
      expect((await messages(node, inbox)).body.messages).toEqual([expect.not.objectContaining({ bcc: [eve] })]);
  });
});

describe('what an inbox has sent', () => {
  it('is in no list that does not ask for it when it goes into the trash, and does not bring its thread there', async () => {
    await using node = await withTwo();
    await send(node, node.ann, { to: node.bob, text: 'x', labels: ['trash'] });
    const counts = async (query: string) => [
      (await node.v0('GET', `/inboxes/${node.ann}/messages${query}`)).body.count,
      (await node.v0('GET', `/inboxes/${node.ann}/threads${query}`)).body.count,
    ];
    expect(await counts('')).toEqual([0, 0]);
    expect(await counts('?include_trash=true')).toEqual([1, 1]);
    expect((await messages(node, node.bob)).body.count).toBe(1);
  });

  it('is nobody’s work, though its thread is made unread', async () => {
    await using node = await withTwo();
    const { body: sent } = await send(node, node.ann, { to: node.bob, text: 'x' });
    const question = (await messages(node, node.bob)).body.messages[0];
    const reply = `/inboxes/${node.bob}/messages/${encodeURIComponent(sent.message_id)}/reply`;
    await node.v0('POST', reply, { text: 'y' });
    await node.v0('PATCH', `/threads/${question.thread_id}`, { add_labels: ['unread', 'mine'] });
    const claim = (labels: readonly string[]) =>
      node.own('POST', `/inboxes/${node.bob}/claim`, { worker: 'w', labels, limit: 50, per_thread: false });
    const { claims } = (await claim(['mine'])).body;
    expect(claims.map(({ message }: { message: { message_id: string } }) => message.message_id)).toEqual([
      sent.message_id,
    ]);
    expect((await claim(['unread'])).body.claims).toEqual([]);
    const wait = await node.own('POST', `/inboxes/${node.bob}/wait`, { timeout_seconds: 0 });
    expect(wait.body).toEqual({});
  });
});

describe('POST …/messages/:id/reply', () => {
  it('goes to who wrote, in the thread of both, with the headers by which programs find it', async () => {
    await using node = await withTwo();
    const first = await send(node, node.ann, { to: node.bob, subject: 'Hello', text: 'Hi Bob' });
    const id = encodeURIComponent(first.body.message_id);
    const answered = await node.v0('POST', `/inboxes/${node.bob}/messages/${id}/reply`, { text: 'Hi Ann' });
    const [latest] = (await messages(node, node.ann)).body.messages;
    expect(latest).toMatchObject({
      ...{ thread_id: first.body.thread_id, message_id: answered.body.message_id, subject: 'Re: Hello' },
      ...{ in_reply_to: first.body.message_id, references: [first.body.message_id], labels: ['received', 'unread'] },
    });
    const again = encodeURIComponent(answered.body.message_id);
    const own = await node.v0('POST', `/inboxes/${node.bob}/messages/${again}/reply`, { text: 'One more thing' });
    expect(own.body.thread_id).toBe(answered.body.thread_id);
    const thread = await node.v0('GET', `/inboxes/${node.ann}/threads/${first.body.thread_id}`);
    expect(thread.body.messages.map((one: { subject: string }) => one.subject)).toEqual([
      'Hello',
      'Re: Hello',
      'Re: Hello',
    ]);
    expect(thread.body.messages[2].references).toEqual([first.body.message_id, answered.body.message_id]);
  });
});

describe('two programs that answer each other', () => {
  it.each([
    ['the address that wrote', undefined],
    ['another that the mail names', 'desk@agents.example.com'],
  ])('are stopped for an hour after ten answers to %s', async (_, replyTo) => {
    await using node = await withTwo();
    await node.v0('POST', '/inboxes', { username: 'desk' });
    const body = { text: 'x', ...(replyTo && { reply_to: replyTo }) };
    const reply = (inbox: string, { message_id: id }: { message_id: string }, form: unknown) =>
      node.v0('POST', `/inboxes/${inbox}/messages/${encodeURIComponent(id)}/reply`, form);
    let asked = (await send(node, node.ann, { ...body, to: node.bob })).body;
    for (let answers = 0; answers < 10; answers += 1) {
      expect(await reply(node.bob, asked, { text: 'y' })).toMatchObject({ status: 200 });
      asked = (await reply(node.ann, asked, body)).body;
      // Ann has written to Bob as often as he to her, and is stopped by what he sent.
      if (asked.message_id === undefined) break;
    }
    const [latest] = (await messages(node, node.bob)).body.messages.filter(
      ({ labels }: { labels: readonly string[] }) => labels.includes('received'),
    );
    const stopped = await reply(node.bob, latest, { text: 'y' });
    expect(stopped).toMatchObject({ status: 429, body: { code: 'rate_limit_exceeded' } });
  });
});

describe('Idempotency-Key', () => {
  it('makes the same request one mail, and refuses another', async () => {
    await using node = await withTwo();
    const body = { to: node.bob, subject: 'Once', text: 'x' };
    const key = { 'idempotency-key': 'k1' };
    const [one, other] = await Promise.all([send(node, node.ann, body, key), send(node, node.ann, body, key)]);
    expect(other.body).toEqual(one.body);
    expect((await send(node, node.ann, body, key)).body).toEqual(one.body);
    expect((await messages(node, node.bob)).body.count).toBe(1);
    const conflict = await send(node, node.ann, { ...body, text: 'y' }, key);
    expect(conflict).toMatchObject({ status: 409, body: { name: 'ConflictError', code: 'conflict' } });
    const empty = await send(node, node.ann, body, { 'idempotency-key': '' });
    expect(empty).toMatchObject({ status: 400, body: { code: 'validation_error' } });
    expect((await messages(node, node.ann)).body.count).toBe(1);
  });
});

describe('a request that was answered before', () => {
  it.each(['reply', 'reply-all', 'forward'])(
    'by %s is answered the same, though the mail that it is about is gone',
    async (way) => {
      await using node = await withTwo();
      const question = (await send(node, node.ann, { to: node.bob, subject: 'Hello', text: 'x' })).body.message_id;
      const path = `/inboxes/${node.bob}/messages/${encodeURIComponent(question)}`;
      const ask = (text: string) =>
        node.v0(
          'POST',
          `${path}/${way}`,
          { text, ...(way === 'forward' && { to: node.ann }) },
          { 'idempotency-key': 'k1' },
        );
      const first = await ask('y');
      expect(first.status).toBe(200);
      expect((await node.v0('DELETE', path)).status).toBe(204);
      expect(await ask('y')).toMatchObject({ status: 200, body: first.body });
      expect(await ask('z')).toMatchObject({ status: 409, body: { code: 'conflict' } });
      expect((await messages(node, node.ann)).body.count).toBe(2);
    },
  );
});

describe('a request without a body', () => {
  it.each([
    ['send', 422, 'unprocessable'],
    ['forward', 422, 'unprocessable'],
    ['reply', 200, undefined],
    ['reply-all', 200, undefined],
  ])('says nothing, as {} does: %s', async (way, status, code) => {
    await using node = await withTwo();
    const question = (await send(node, node.ann, { to: node.bob, subject: 'Hello', text: 'x' })).body.message_id;
    const about = way === 'send' ? '' : `/${encodeURIComponent(question)}`;
    const path = `http://localhost/v0/inboxes/${node.bob}/messages${about}/${way}`;
    const headers = { host: 'localhost', authorization: `Bearer ${node.key}` };
    const form = { ...headers, 'content-length': '0', 'content-type': 'application/x-www-form-urlencoded' };
    for (const more of [{ headers }, { headers: form }, { headers, body: '{}' }]) {
      const typed = 'body' in more ? { ...more.headers, 'content-type': 'application/json' } : more.headers;
      const answer = await node.node.fetch(new Request(path, { method: 'POST', ...more, headers: typed }));
      const body = (await answer.json()) as { code?: string };
      expect([answer.status, body.code]).toEqual([status, code]);
    }
    const untyped = await node.node.fetch(new Request(path, { method: 'POST', headers, body: Buffer.from('{}') }));
    expect(untyped.status, 'a body says what it is').toBe(400);
  });
});

describe('what is refused, and changes nothing', () => {
  it.each([
    ['no recipient', {}, 422, 'unprocessable'],
    ['an empty list', { to: [] }, 422, 'unprocessable'],
    ['no address', { to: 'bob' }, 400, 'validation_error'],
    ['a line of its own', { to: 'a@x.com\r\nBcc: b@x.com' }, 400, 'validation_error'],
    ['a subject of two lines', { to: 'bob@agents.example.com', subject: 'a\nb' }, 400, 'validation_error'],
    [
      'a header that is not allowed',
      { to: 'bob@agents.example.com', headers: { Bcc: 'x@x.com' } },
      400,
      'validation_error',
    ],
    [
      'a header of two lines',
      { to: 'bob@agents.example.com', headers: { 'X-A': 'a\r\nB: c' } },
      400,
      'validation_error',
    ],
    ['a label of the host', { to: 'bob@agents.example.com', labels: ['sent'] }, 400, 'validation_error'],
    ['an unknown member', { to: 'bob@agents.example.com', body: 'x' }, 400, 'validation_error'],
    ['opens to be told', { to: 'bob@agents.example.com', track_opens: true }, 400, 'validation_error'],
    ['no base64', { to: 'bob@agents.example.com', attachments: [{ content: '%' }] }, 400, 'validation_error'],
    [
      'a file of the disk',
      { to: 'bob@agents.example.com', attachments: [{ url: 'file:///etc/passwd' }] },
      403,
      'message_rejected',
    ],
    ['others, without an account', { to: ['bob@agents.example.com', 'eve@x.com'] }, 403, 'message_rejected'],
  ])('%s', async (_, body, status, code) => {
    await using node = await withTwo();
    expect(await send(node, node.ann, body)).toMatchObject({ status, body: { code } });
    expect([await messages(node, node.ann), await messages(node, node.bob)].map((one) => one.body.count)).toEqual([
      0, 0,
    ]);
  });
});
