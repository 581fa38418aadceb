// Lists of whom an inbox writes to and hears from: their entries, what they keep out, and what they keep in.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const ANN = 'ann@agents.example.com';
const BOB = 'bob@agents.example.com';
const OWN = `/inboxes/${ANN}/lists`;

let node: MailboxNode;
let writer: Writer;
let count: number;

beforeEach(async () => {
  count = 0;
  node = await mailboxNode();
  for (const username of ['ann', 'bob']) await node.v0('POST', '/inboxes', { username });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
});

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

const add = (path: string, entry: string, more = {}) => node.v0('POST', path, { entry, ...more });
const send = (body: object) => node.v0('POST', `/inboxes/${ANN}/messages/send`, { text: 'x', ...body });

/** What a mail to Ann is stored as. */
async function classOf(
  from: string,
  { inReplyTo = [], ...delivery }: MailWish['delivery'] & { inReplyTo?: string[] } = {},
) {
  count += 1;
  const content = { headerId: `<${count}@y.com>`, fromAddress: from, from, inReplyTo };
  const [stored] = await writer.store(receivedMail({ to: [ANN], content, delivery }));
  return stored?.mailClass;
}

describe('an entry of a list', () => {
  it('is made, shown, listed and taken away, at each scope by itself', async () => {
    const made = await add('/lists/receive/block', 'Spam@Y.com', { reason: 'spam' });
    expect(made).toMatchObject({ status: 200 });
    expect(made.body).toEqual({
      ...{ entry: 'spam@y.com', organization_id: expect.any(String), reason: 'spam', direction: 'receive' },
      ...{ list_type: 'block', entry_type: 'email', created_at: expect.stringMatching(/Z$/) },
    });
    const own = await add(`${OWN}/receive/block`, 'y.com');
    expect(own.body).toMatchObject({ entry: 'y.com', entry_type: 'domain', pod_id: expect.any(String), inbox_id: ANN });
    expect((await node.v0('GET', '/lists/receive/block/SPAM@y.com')).body).toEqual(made.body);
    expect((await node.v0('GET', '/lists/receive/block')).body).toMatchObject({ count: 1, entries: [made.body] });
    expect((await node.v0('GET', `${OWN}/receive/block`)).body).toMatchObject({ count: 1, entries: [own.body] });
    for (const other of ['receive/allow', 'send/block', 'reply/block'])
      expect((await node.v0('GET', `/lists/${other}`)).body).toMatchObject({ count: 0, entries: [] });
    expect((await node.v0('DELETE', '/lists/receive/block/spam@y.com')).status).toBe(204);
    expect((await node.v0('DELETE', '/lists/receive/block/spam@y.com')).status).toBe(404);
    expect((await node.v0('GET', `${OWN}/receive/block`)).body.count).toBe(1);
  });

  it('is the first one when it is made again', async () => {
    const made = await add('/lists/send/block', 'bücher.example', { reason: 'one' });
    const again = await add('/lists/send/block', 'XN--bcher-kva.example', { reason: 'two' });
    expect(again).toMatchObject({ status: 200, body: made.body });
  });

  it('is listed in the order of the entries, a page at a time', async () => {
    for (const entry of ['d.com', 'a@c.com', 'b.com', 'a.com']) await add(`${OWN}/send/allow`, entry);
    const first = await node.v0('GET', `${OWN}/send/allow?limit=3`);
    const entries = (page: { body: { entries: { entry: string }[] } }) => page.body.entries.map(({ entry }) => entry);
    expect(entries(first)).toEqual(['a.com', 'a@c.com', 'b.com']);
    await node.v0('DELETE', `${OWN}/send/allow/b.com`);
    const next = (path: string) => node.v0('GET', `${path}?limit=3&page_token=${first.body.next_page_token}`);
    const second = await next(`${OWN}/send/allow`);
    expect([entries(second), second.body.next_page_token]).toEqual([['d.com'], undefined]);
    expect(await next(`${OWN}/send/block`)).toMatchObject({
      status: 400,
      body: { errors: [{ path: ['page_token'] }] },
    });
  });

  it.each([
    [{ entry: 'not an address' }, 'entry'],
    [{ entry: '' }, 'entry'],
    [{}, 'entry'],
    [{ entry: 'y.com', reason: 'two\nlines' }, 'reason'],
    [{ entry: 'y.com', why: 'x' }, 'why'],
  ])('is refused as %j, and nothing is kept', async (form, field) => {
    const refused = await node.v0('POST', '/lists/receive/block', form);
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_error', errors: [{ path: [field] }] } });
    expect((await node.v0('GET', '/lists/receive/block')).body.count).toBe(0);
  });

  it('has a reason on lists that block alone', async () => {
    const refused = await add('/lists/receive/allow', 'y.com', { reason: 'friends' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: ['reason'] }] } });
  });

  it('is of one of six lists, and of an inbox that is there', async () => {
    expect((await add('/lists/sent/block', 'y.com')).status).toBe(404);
    expect((await add('/lists/send/deny', 'y.com')).status).toBe(404);
    expect((await add('/inboxes/eve@agents.example.com/lists/send/block', 'y.com')).status).toBe(404);
  });

  it('goes with its inbox', async () => {
    await add(`${OWN}/receive/block`, 'y.com');
    await node.v0('DELETE', `/inboxes/${ANN}`);
    await expect.poll(async () => (await node.v0('POST', '/inboxes', { username: 'ann' })).status).toBe(200);
    expect((await node.v0('GET', `${OWN}/receive/block`)).body.count).toBe(0);
  });
});

describe('a mail that comes in', () => {
  it('is kept out by a list that blocks its sender, and says so', async () => {
    await add('/lists/receive/block', 'y.com');
    expect(await classOf('jane@y.com')).toBe('blocked');
    expect(await classOf('jane@sub.y.com')).toBe('blocked');
    expect(await classOf('jane@z.com')).toBe('received');
    const list = (query = '') => node.v0('GET', `/inboxes/${ANN}/messages${query}`);
    expect((await list()).body.messages).toMatchObject([{ from: 'jane@z.com' }]);
    const [mail] = (await list('?include_blocked=true&from=jane@y.com')).body.messages;
    expect(mail.labels).toEqual(['blocked', 'received', 'unread']);
  });

  it('is blocked before it is spam, and before it is of nobody', async () => {
    await add(`${OWN}/receive/block`, 'y.com');
    expect(await classOf('jane@y.com', { mailClass: 'spam' })).toBe('blocked');
    expect(await classOf('jane@y.com', { mailClass: 'unauthenticated', isAuthenticated: false })).toBe('blocked');
    expect(await classOf('jane@z.com', { mailClass: 'spam' })).toBe('spam');
  });

  it('gets past a list of who is allowed only as who it says', async () => {
    await add(`${OWN}/receive/allow`, 'y.com');
    expect(await classOf('jane@y.com')).toBe('received');
    expect(await classOf('jane@y.com', { mailClass: 'unauthenticated', isAuthenticated: false })).toBe('blocked');
    expect(await classOf('eve@z.com')).toBe('blocked');
    expect(await classOf('')).toBe('blocked');
    const [stored] = await writer.store(
      receivedMail({ to: [BOB], content: { headerId: '<b@y.com>', fromAddress: 'eve@z.com' } }),
    );
    expect(stored?.mailClass).toBe('received');
  });

  it('goes by the lists for answers alone when it answers what the inbox has sent', async () => {
    const { message_id: id } = (await send({ to: BOB })).body;
    const inReplyTo = [id];
    await add(`${OWN}/receive/allow`, 'partner.example');
    expect(await classOf('jane@y.com', { inReplyTo })).toBe('received');
    expect(await classOf('jane@y.com', { inReplyTo: ['<other@y.com>'] })).toBe('blocked');
    await add(`${OWN}/reply/block`, 'y.com');
    expect(await classOf('jane@y.com', { inReplyTo })).toBe('blocked');
    await add(`${OWN}/receive/block`, 'z.com');
    expect(await classOf('jane@z.com', { inReplyTo })).toBe('received');
  });

  it('is judged so from an inbox of this host, too', async () => {
    await node.v0('POST', `/inboxes/${BOB}/lists/receive/block`, { entry: ANN });
    expect((await send({ to: BOB })).status).toBe(200);
    expect((await node.v0('GET', `/inboxes/${BOB}/messages`)).body.count).toBe(0);
    expect((await node.v0('GET', `/inboxes/${BOB}/messages?include_blocked=true`)).body.count).toBe(1);
  });
});

describe('a mail that goes out', () => {
  const refused = { status: 403, body: { name: 'MessageRejectedError', code: 'message_rejected' } };

  it.each(['to', 'cc', 'bcc'])('is refused when its %s is blocked, and says by what', async (field) => {
    await add('/lists/send/block', 'agents.example.com');
    const other = field === 'to' ? {} : { to: 'jane@z.com' };
    const answer = await send({ ...other, [field]: BOB });
    expect(answer).toMatchObject(refused);
    if (field !== 'to') return;
    expect(answer.body.message).toContain("'agents.example.com'");
    expect(answer.body.fix).toContain('DELETE /v0/lists/send/block/agents.example.com');
    expect((await node.v0('GET', `/inboxes/${ANN}/messages`)).body.count).toBe(0);
    expect((await node.v0('GET', `/inboxes/${BOB}/messages`)).body.count).toBe(0);
  });

  it('is let go again when the entry that is named is taken away', async () => {
    await add(`${OWN}/send/block`, BOB);
    const { fix } = (await send({ to: BOB })).body;
    const path = /DELETE \/v0(\S+),/.exec(fix)?.[1] ?? '';
    expect((await node.v0('DELETE', path)).status).toBe(204);
    expect((await send({ to: BOB })).status).toBe(200);
  });

  it('goes to nobody but those who are allowed, where any are', async () => {
    await add(`${OWN}/send/allow`, 'partner.example');
    const answer = await send({ to: BOB });
    expect(answer).toMatchObject(refused);
    expect(answer.body.fix).toContain(`POST /v0/inboxes/${encodeURIComponent(ANN)}/lists/send/allow`);
    await add(`${OWN}/send/allow`, BOB);
    expect((await send({ to: BOB })).status).toBe(200);
  });

  it('is refused as an answer and as what is passed on, too', async () => {
    await node.v0('POST', `/inboxes/${BOB}/messages/send`, { to: ANN, text: 'x' });
    const [mail] = (await node.v0('GET', `/inboxes/${ANN}/messages`)).body.messages;
    const path = `/inboxes/${ANN}/messages/${encodeURIComponent(mail.message_id)}`;
    await add(`${OWN}/send/block`, BOB);
    expect(await node.v0('POST', `${path}/reply`, { text: 'x' })).toMatchObject(refused);
    expect(await node.v0('POST', `${path}/forward`, { to: BOB })).toMatchObject(refused);
    await add(`${OWN}/receive/block`, 'y.com');
    await node.v0('DELETE', `${OWN}/send/block/${BOB}`);
    expect((await node.v0('POST', `${path}/reply`, { text: 'x' })).status).toBe(200);
  });
});

describe('an entry that this host has made', () => {
  const path = `${OWN}/send/block/eve@other.example.com`;
  const suppressed = async () => {
    const { body } = await node.ask('GET', '/api/email/suppressions');
    return (body as { suppressions: { address: string }[] }).suppressions.map(({ address }) => address);
  };

  beforeEach(async () => {
    const name = 'eve@other.example.com';
    const made = { reason: 'bounced', isReadOnly: true, atMs: 1 };
    await writer.write(() => writer.lists.block(ANN, { entry: name, key: name, entryType: 'email' }, made));
    await node.ask('POST', '/api/email/suppressions', { address: name, reason: 'bounce' });
  });

  it('stays where a client would take it away, who is told who can', async () => {
    const { status, body } = await node.v0('DELETE', path);
    expect([status, body.code, body.fix]).toEqual([
      ...[403, 'cannot_delete', `An operator can take it away: DELETE /api/mailbox${path.replaceAll('@', '%40')}.`],
    ]);
    const made = { reason: 'bounced', isReadOnly: true, atMs: 1 };
    await writer.write(() => writer.lists.block(ANN, { entry: BOB, key: BOB, entryType: 'email' }, made));
    const sent = await send({ to: BOB });
    expect([sent.status, sent.body.fix]).toEqual([403, expect.stringContaining(`DELETE /api/mailbox/inboxes/`)]);
    expect((await node.v0('GET', path)).body.read_only).toBe(true);
  });

  it('goes when an operator wants it, with what the whole host has against that address', async () => {
    expect(await suppressed()).toEqual(['eve@other.example.com']);
    const { api_key: key } = (await node.v0('POST', '/api-keys', { permissions: { list_entry_delete: true } })).body;
    const mine = { authorization: `Bearer ${key}` };
    expect((await node.own('DELETE', path, undefined, mine)).body.code).toBe('unrestricted_key_required');
    expect((await node.own('DELETE', path)).status).toBe(204);
    expect((await node.v0('GET', path)).status).toBe(404);
    expect(await suppressed()).toEqual([]);
    expect((await node.own('DELETE', path)).status).toBe(404);
  });

  it('and one that a client has made leaves what the host has against the address', async () => {
    await add(`${OWN}/send/block`, 'bob@other.example.com');
    await node.ask('POST', '/api/email/suppressions', { address: 'bob@other.example.com' });
    expect((await node.own('DELETE', `${OWN}/send/block/bob@other.example.com`)).status).toBe(204);
    expect(await suppressed()).toContain('bob@other.example.com');
  });
});
