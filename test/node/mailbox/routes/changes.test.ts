import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';

let node: MailboxNode;
let writer: Writer;
let stored: number;

beforeEach(async () => {
  stored = 0;
  node = await mailboxNode();
  await node.v0('POST', '/inboxes', { username: 'a' });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
});

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

/** Puts a mail into the inbox; answers the paths of the mail and of its thread. */
const receive = async (wish: MailWish = {}) => {
  stored += 1;
  const content = { headerId: `<${stored}@y.com>`, ...wish.content };
  const [result] = await writer.store(receivedMail({ to: [A], atMs: stored * 1_000, ...wish, content }));
  const [mail, thread] = [encodeURIComponent(String(result?.messageId)), String(result?.threadId)];
  return { messageId: String(result?.messageId), mail: `/inboxes/${A}/messages/${mail}`, thread: `/threads/${thread}` };
};
const counts = async (query = '') => ({
  mails: (await node.v0('GET', `/inboxes/${A}/messages${query}`)).body.count,
  threads: (await node.v0('GET', `/threads${query}`)).body.count,
});

describe('PATCH …/messages/:message_id', () => {
  it('adds and removes labels in one step, where removing wins, and the thread has those of all its mails', async () => {
    const first = await receive();
    await receive({ content: { inReplyTo: [first.messageId] } });
    const { body } = await node.v0('PATCH', first.mail, {
      add_labels: ['billing', 'twice'],
      remove_labels: ['unread', 'twice'],
    });
    expect(body).toEqual({ message_id: first.messageId, labels: ['billing', 'received'] });
    expect((await node.v0('GET', first.mail)).body.labels).toEqual(['billing', 'received']);
    expect((await node.v0('GET', first.thread)).body.labels).toEqual(['billing', 'received', 'unread']);
    await node.v0('PATCH', first.mail, { remove_labels: 'billing' });
    expect((await node.v0('GET', first.thread)).body.labels).toEqual(['received', 'unread']);
  });

  it('of two that require what only one can have, changes one', async () => {
    const { mail } = await receive();
    const claim = () => node.v0('PATCH', mail, { add_labels: ['mine'] }, { 'x-require-labels': 'unread, !mine' });
    const both = await Promise.all([claim(), claim()]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(both.find(({ status }) => status === 409)?.body).toMatchObject({
      name: 'ConflictError',
      code: 'race_condition',
    });
  });

  it('refuses what it can not change, and changes nothing then', async () => {
    const { mail, thread } = await receive();
    const wrong = ['sent', 'automated', 'a,b', 'a\nb', '', 'x'.repeat(101)];
    for (const label of wrong) {
      const refused = await node.v0('PATCH', mail, { add_labels: ['fine', label] });
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: ['add_labels'] }] } });
      expect((await node.v0('PATCH', thread, { remove_labels: [label] })).status).toBe(422);
    }
    for (const body of [{}, { add_labels: [] }, { add_labels: 7 }, { labels: ['x'] }])
      expect((await node.v0('PATCH', mail, body)).status).toBe(400);
    const listed = await node.v0('PATCH', mail, { add_labels: [7] });
    expect(listed.body.message).toBe("'add_labels' must be a label, or a list of at most 100.");
    const many = Array.from({ length: 99 }, (_, at) => `label ${at}`);
    expect((await node.v0('PATCH', mail, { add_labels: many })).status).toBe(422);
    expect((await node.v0('GET', mail)).body.labels).toEqual(['received', 'unread']);
    expect((await node.v0('PATCH', `/inboxes/${A}/messages/none`, { add_labels: ['x'] })).status).toBe(404);
  });
});

describe('X-Require-Labels', () => {
  it('keeps a mail, and a thread, from who would delete it when its labels are others', async () => {
    const first = await receive();
    await receive({ content: { inReplyTo: [first.messageId] } });
    const remove = (path: string, required: string) =>
      node.v0('DELETE', path, undefined, { 'x-require-labels': required });
    expect(await remove(first.mail, '!unread')).toMatchObject({ status: 409, body: { code: 'race_condition' } });
    await node.v0('PATCH', first.mail, { add_labels: ['done'] });
    expect(await remove(first.thread, 'done')).toMatchObject({ status: 409 });
    expect((await counts()).mails).toBe(2);
    expect((await remove(first.mail, 'done,!mine')).status).toBe(204);
    expect((await counts()).mails).toBe(1);
  });

  it.each(['', ' ', '!', 'unread,', 'unread,,x'])(
    'is refused as %j, which would let everything pass',
    async (words) => {
      const { mail } = await receive();
      const headers = { 'x-require-labels': words };
      const refused = { status: 400, body: { errors: [{ path: ['X-Require-Labels'] }] } };
      expect(await node.v0('PATCH', mail, { add_labels: ['x'] }, headers)).toMatchObject(refused);
      expect(await node.v0('DELETE', mail, undefined, headers)).toMatchObject(refused);
      expect((await node.v0('GET', mail)).body.labels).toEqual(['received', 'unread']);
    },
  );
});

describe('a mail in the trash', () => {
  it('is in no list that does not ask for it, and comes back', async () => {
    const { mail } = await receive();
    await node.v0('PATCH', mail, { add_labels: ['trash'] });
    expect(await counts()).toEqual({ mails: 0, threads: 0 });
    expect(await counts('?include_trash=true')).toEqual({ mails: 1, threads: 1 });
    await node.v0('PATCH', mail, { remove_labels: ['trash'] });
    expect(await counts()).toEqual({ mails: 1, threads: 1 });
  });

  it('leaves its thread where it is as long as another mail is there', async () => {
    const first = await receive();
    await receive({ content: { inReplyTo: [first.messageId] } });
    await node.v0('PATCH', first.mail, { add_labels: ['trash'] });
    expect(await counts()).toEqual({ mails: 1, threads: 1 });
    await node.v0('PATCH', first.thread, { add_labels: ['trash'] });
    expect(await counts()).toEqual({ mails: 0, threads: 0 });
  });
});

describe('DELETE', () => {
  it('of a mail leaves a thread of the others, and of the last none', async () => {
    const first = await receive();
    const second = await receive({
      content: { inReplyTo: [first.messageId], from: 'Joe <joe@z.com>', preview: 'later' },
    });
    expect((await node.v0('DELETE', second.mail)).status).toBe(204);
    expect((await node.v0('GET', second.mail)).status).toBe(404);
    expect((await node.v0('GET', first.thread)).body).toMatchObject({
      ...{ message_count: 1, senders: ['Jane <jane@y.com>'], preview: 'Hello', last_message_id: first.messageId },
    });
    await node.v0('DELETE', first.mail);
    expect((await node.v0('GET', first.thread)).status).toBe(404);
    expect((await node.v0('DELETE', first.mail)).status).toBe(404);
  });

  it('of a thread deletes its mails however many they are, all of which have the labels that are required', async () => {
    const first = await receive();
    const others = await Promise.all(
      Array.from({ length: 249 }, () => receive({ content: { inReplyTo: [first.messageId] } })),
    );
    const alone = await receive();
    const { mail: last } = others[248] ?? first;
    expect((await node.v0('GET', first.thread)).body.message_count).toBe(250);
    expect((await node.v0('PATCH', first.thread, { add_labels: ['done'] })).status).toBe(422);
    await node.v0('PATCH', last, { add_labels: ['mine'] });
    const required = { 'x-require-labels': 'unread,!mine' };
    expect((await node.v0('DELETE', first.thread, undefined, required)).status).toBe(409);
    expect((await node.v0('GET', first.thread)).body.message_count).toBe(250);
    await node.v0('PATCH', last, { remove_labels: ['mine'] });
    expect((await node.v0('DELETE', first.thread, undefined, required)).status).toBe(204);
    for (const path of [first.thread, first.mail, last]) expect((await node.v0('GET', path)).status).toBe(404);
    expect((await node.v0('DELETE', first.thread)).status).toBe(404);
    expect([await counts(), (await node.v0('GET', alone.mail)).status]).toEqual([{ mails: 1, threads: 1 }, 200]);
  });

  it('of a thread deletes its mails, and an answer that comes later begins a new one', async () => {
    const first = await receive();
    const second = await receive({ content: { inReplyTo: [first.messageId] } });
    expect((await node.v0('DELETE', `/inboxes/${A}${first.thread}`)).status).toBe(204);
    for (const path of [first.mail, second.mail, first.thread]) expect((await node.v0('GET', path)).status).toBe(404);
    const late = await receive({ content: { inReplyTo: [second.messageId] } });
    expect(late.thread).not.toBe(first.thread);
  });
});
