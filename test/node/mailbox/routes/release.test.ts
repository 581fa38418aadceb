import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isOfMail } from '../../../../node/mailbox/event.ts';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { EventReader } from '../../../../node/mailbox/store/event-rows.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const MESSAGES = `/inboxes/${A}/messages`;
const SPOOFED: MailWish['delivery'] = { mailClass: 'unauthenticated', isAuthenticated: false };

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

const receive = async (id: string, inReplyTo: readonly string[] = [], delivery: MailWish['delivery'] = {}) => {
  stored += 1;
  const content = { headerId: id, inReplyTo };
  await writer.store(receivedMail({ to: [A], atMs: stored * 1_000, content, ...(delivery && { delivery }) }));
};
const change = (id: string, form: object) => node.v0('PATCH', `${MESSAGES}/${encodeURIComponent(id)}`, form);
const threadOf = async (id: string) => (await node.v0('GET', `${MESSAGES}/${encodeURIComponent(id)}`)).body.thread_id;
const told = () => {
  const connection = openForReading(node.directory);
  const events = new EventReader(connection).references({ after: 0, limit: 10 });
  connection.close();
  return events.filter(isOfMail).map(({ type, messageId }) => [type, messageId]);
};
const threads = async () => (await node.v0('GET', '/threads?include_unauthenticated=true')).body.threads;

const labelsOf = async (id: string) => (await node.v0('GET', `${MESSAGES}/${encodeURIComponent(id)}`)).body.labels;

describe('a mail in quarantine that comes again with a better proof', () => {
  it('is released, joins its thread, and shows that proof', async () => {
    await receive('<1@y.com>');
    await receive('<2@y.com>', ['<1@y.com>'], SPOOFED);
    const proven = { spf: 'pass', dkim: 'pass', dmarc: 'pass' };
    await receive('<2@y.com>', ['<1@y.com>'], { authentication: proven, trace: 'X-Way: another, longer one\r\n' });
    const { body } = await node.v0('GET', `${MESSAGES}/${encodeURIComponent('<2@y.com>')}`);
    expect(body).toMatchObject({ labels: ['received', 'unread'], authentication_results: proven });
    expect(body.thread_id).toBe(await threadOf('<1@y.com>'));
    expect((await node.v0('GET', MESSAGES)).body.count).toBe(2);
    expect(told().at(-1)).toEqual(['message.received', '<2@y.com>']);
    const sizes = (await node.v0('GET', MESSAGES)).body.messages.map(({ size }: { size: number }) => size);
    const { used_bytes: used } = (await node.own('GET', `/inboxes/${A}/settings`)).body;
    expect(used).toBe(sizes.reduce((sum: number, size: number) => sum + size, 0));
  });

  it('stays where the other copy is no better, where a person has put it there, and where it is spam', async () => {
    await receive('<1@y.com>', [], SPOOFED);
    await receive('<1@y.com>', [], SPOOFED);
    expect(await labelsOf('<1@y.com>')).toContain('unauthenticated');
    await receive('<2@y.com>');
    await change('<2@y.com>', { add_labels: ['blocked'] });
    await receive('<2@y.com>');
    expect(await labelsOf('<2@y.com>')).toContain('blocked');
    await receive('<3@y.com>', [], { mailClass: 'spam' });
    await receive('<3@y.com>');
    expect(await labelsOf('<3@y.com>')).toContain('spam');
    await node.v0('POST', `/inboxes/${A}/lists/receive/block`, { entry: 'y.com' });
    await receive('<1@y.com>');
    expect(await labelsOf('<1@y.com>')).toContain('unauthenticated');
  });

  it('was blocked for want of that proof, and is let in as one who is allowed', async () => {
    await node.v0('POST', `/inboxes/${A}/lists/receive/allow`, { entry: 'jane@y.com' });
    await receive('<1@y.com>', [], SPOOFED);
    expect(await labelsOf('<1@y.com>')).toEqual(['blocked', 'received', 'unread']);
    await receive('<1@y.com>');
    expect(await labelsOf('<1@y.com>')).toEqual(['received', 'unread']);
  });
});

describe('a mail whose label of quarantine is taken away', () => {
  it('joins the thread that it names, and is told of as received', async () => {
    await receive('<1@y.com>');
    await receive('<2@y.com>', ['<1@y.com>'], SPOOFED);
    expect(await threadOf('<2@y.com>')).not.toBe(await threadOf('<1@y.com>'));
    expect((await change('<2@y.com>', { remove_labels: ['unauthenticated'] })).body.labels).toEqual([
      'received',
      'unread',
    ]);
    const [thread, ...others] = await threads();
    expect(others).toEqual([]);
    expect(thread).toMatchObject({
      ...{ thread_id: await threadOf('<1@y.com>'), message_count: 2, last_message_id: '<2@y.com>' },
      ...{ labels: ['received', 'unread'], timestamp: thread.received_timestamp },
    });
    expect(thread.thread_id).toBe(await threadOf('<2@y.com>'));
    expect((await node.v0('GET', MESSAGES)).body.count).toBe(2);
    expect(told()).toEqual([
      ['message.received', '<1@y.com>'],
      ['message.received.unauthenticated', '<2@y.com>'],
      ['message.received', '<2@y.com>'],
    ]);
  });

  it('is found by what answers it, before and after', async () => {
    await receive('<parent@y.com>', [], SPOOFED);
    await receive('<early@y.com>', ['<parent@y.com>']);
    await change('<parent@y.com>', { remove_labels: ['unauthenticated'] });
    await receive('<late@y.com>', ['<parent@y.com>']);
    expect(new Set(await Promise.all(['<parent@y.com>', '<early@y.com>', '<late@y.com>'].map(threadOf))).size).toBe(1);
  });

  it('is told of as received, though the inbox has answered it before', async () => {
    await node.v0('POST', '/inboxes', { username: 'b' });
    await receive('<1@y.com>', [], SPOOFED);
    const answer = { to: 'b@agents.example.com', text: 'Is it you?' };
    const reply = await node.v0('POST', `${MESSAGES}/${encodeURIComponent('<1@y.com>')}/reply`, answer);
    await change('<1@y.com>', { remove_labels: ['unauthenticated'] });
    expect(told().at(-1)).toEqual(['message.received', '<1@y.com>']);
    expect(await threadOf('<1@y.com>')).toBe(reply.body.thread_id);
    await change('<1@y.com>', { add_labels: ['spam', 'blocked'] });
    await change('<1@y.com>', { remove_labels: ['spam', 'blocked'] });
    expect(told().filter(([type, id]) => type === 'message.received' && id === '<1@y.com>')).toHaveLength(1);
  });

  it('keeps its own thread where it names none', async () => {
    await receive('<1@y.com>', [], SPOOFED);
    const before = await threadOf('<1@y.com>');
    await change('<1@y.com>', { remove_labels: ['unauthenticated'] });
    expect(await threadOf('<1@y.com>')).toBe(before);
    expect((await node.v0('GET', '/threads')).body.count).toBe(1);
  });

  it('stays as long as it has another of them', async () => {
    await receive('<1@y.com>', [], SPOOFED);
    await change('<1@y.com>', { add_labels: ['spam'] });
    await change('<1@y.com>', { remove_labels: ['unauthenticated'] });
    expect((await node.v0('GET', MESSAGES)).body.count).toBe(0);
    await change('<1@y.com>', { remove_labels: ['spam'] });
    expect((await node.v0('GET', MESSAGES)).body.count).toBe(1);
  });

  it('is as it was where somebody here had marked it as spam, and nobody is told again', async () => {
    await receive('<1@y.com>');
    await receive('<2@y.com>', ['<1@y.com>']);
    await change('<2@y.com>', { add_labels: ['spam'] });
    expect((await node.v0('GET', MESSAGES)).body.count).toBe(1);
    await change('<2@y.com>', { remove_labels: ['spam'] });
    expect(await threadOf('<2@y.com>')).toBe(await threadOf('<1@y.com>'));
    expect((await node.v0('GET', MESSAGES)).body.count).toBe(2);
    expect(told()).toHaveLength(2);
  });

  it('is released with others by a batch, and as a thread', async () => {
    await receive('<1@y.com>');
    for (const id of ['<2@y.com>', '<3@y.com>', '<4@y.com>']) await receive(id, ['<1@y.com>'], SPOOFED);
    const message_ids = ['<2@y.com>', '<3@y.com>'];
    await node.v0('POST', `${MESSAGES}/batch-update`, { message_ids, remove_labels: ['unauthenticated'] });
    const thread = await threadOf('<4@y.com>');
    expect((await node.v0('PATCH', `/threads/${thread}`, { remove_labels: ['unauthenticated'] })).status).toBe(200);
    expect(await threads()).toMatchObject([{ message_count: 4 }]);
    expect((await node.v0('GET', `/threads/${thread}`)).status).toBe(404);
  });
});
