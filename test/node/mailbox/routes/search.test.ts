import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const A = 'a@agents.example.com';
const B = 'b@agents.example.com';
const SEARCH = `/inboxes/${A}/messages/search`;

let node: MailboxNode;

beforeEach(async () => {
  node = await mailboxNode();
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
});

afterEach(() => node[Symbol.asyncDispose]());

const send = async (subject: string, text: string, to = A) =>
  (await node.v0('POST', `/inboxes/${B}/messages/send`, { to, subject, text })).body;
const query = (path: string, parameters: Readonly<Record<string, string>>) =>
  node.v0('GET', `${path}?${new URLSearchParams(parameters)}`);

describe('GET …/messages/search', () => {
  it('finds a mail that came just now, with the places where the words stand', async () => {
    const { message_id } = await send('The invoice', 'You owe us 42 dollars.');
    await send('Hello', 'Nothing of that kind');
    const { status, body } = await query(SEARCH, { q: 'owe voic' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      count: 1,
      limit: 50,
      messages: [{ message_id, inbox_id: A, subject: 'The invoice' }],
    });
    expect(body.messages[0].highlights).toEqual({ subject: ['The in**voic**e'], text: ['You **owe** us 42 dollars.'] });
    expect(body.messages[0]).not.toHaveProperty('html');
  });

  it('is asked on with a token, which is good for that question alone', async () => {
    for (const text of ['one', 'two', 'three']) await send('invoice', text);
    const first = (await query(SEARCH, { q: 'invoice', limit: '2' })).body;
    const page_token = String(first.next_page_token);
    const second = (await query(SEARCH, { q: 'invoice', limit: '2', page_token })).body;
    const ids = [...first.messages, ...second.messages].map((mail: { message_id: string }) => mail.message_id);
    expect([new Set(ids).size, second.next_page_token]).toEqual([3, undefined]);
    expect((await query(SEARCH, { q: 'invoices', page_token })).status).toBe(400);
    expect((await query(SEARCH, { q: 'invoice', page_token: 'x' })).status).toBe(400);
  });

  it.each([
    ['nothing', {}],
    ['no text', { q: '' }],
    ['signs alone', { q: '?! "" * ()' }],
    ['an octet of zero alone', { q: '\0' }],
    ['10 kB', { q: 'word '.repeat(2_000) }],
    ['too many words', { q: Array.from({ length: 21 }, (_, at) => `w${at}`).join(' ') }],
    ['a limit of more than a page', { q: 'x', limit: '101' }],
    ['a time that is none', { q: 'x', before: 'yesterday' }],
    ['a filter that is not known', { q: 'x', labels: 'unread' }],
  ])('answers 400 to %s, and says which it is', async (_, parameters) => {
    const { status, body } = await query(SEARCH, parameters);
    expect([status, body.code]).toEqual([400, 'validation_error']);
    expect(body.errors[0].path.length).toBe(1);
  });

  it.each([SEARCH, '/threads/search'])('says that q must be a text where there is none: %s', async (path) => {
    expect((await query(path, {})).body.message).toBe("'q' must be a text, and is missing.");
  });

  it('takes signs for what they are', async () => {
    await send('Quote', 'He said "yes" NOT no*');
    for (const q of ['"yes"', 'said:"', 'NOT', 'no*', "'yes", '"" yes', 'yes\0no'])
      expect((await query(SEARCH, { q })).body.count, q).toBe(1);
    expect((await query(SEARCH, { q: 'yes OR maybe' })).body.count).toBe(0);
  });

  it('answers 404 where there is no such inbox', async () => {
    expect((await query('/inboxes/never@agents.example.com/messages/search', { q: 'x' })).status).toBe(404);
  });
});

describe('GET …/threads/search', () => {
  it('finds threads of one inbox and of all, each once', async () => {
    await send('The invoice', 'invoice');
    const { thread_id } = (await query(`/inboxes/${A}/threads/search`, { q: 'invoice' })).body.threads[0];
    await node.v0('POST', `/inboxes/${A}/messages/send`, { to: B, subject: 'Other invoice', text: 'x' });
    const all = (await query('/threads/search', { q: 'invoice' })).body;
    expect(all.count).toBe(4);
    const own = (await query(`/inboxes/${A}/threads/search`, { q: 'the invoice', limit: '1' })).body;
    expect(own.threads).toMatchObject([
      { thread_id, message_count: 1, highlights: { subject: ['**The** **invoice**'], text: ['**invoice**'] } },
    ]);
  });
});

describe('the key of one inbox', () => {
  it('finds in that inbox alone', async () => {
    await send('The invoice', 'invoice');
    const { api_key } = (await node.v0('POST', `/inboxes/${A}/api-keys`, {})).body;
    const asked = async (path: string) => {
      const { status, body } = await node.ask('GET', `/v0${path}?q=invoice`, undefined, {
        authorization: `Bearer ${api_key}`,
      });
      return [status, (body as { count?: number }).count];
    };
    expect(await asked('/threads/search')).toEqual([200, 1]);
    expect(await asked(SEARCH)).toEqual([200, 1]);
    expect(await asked(`/inboxes/${B}/messages/search`)).toEqual([404, undefined]);
  });
});
