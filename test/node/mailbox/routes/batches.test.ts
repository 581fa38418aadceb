import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const MESSAGES = `/inboxes/${A}/messages`;

let node: MailboxNode;
let writer: Writer;

beforeEach(async () => {
  node = await mailboxNode();
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
  for (const [atMs, to, headerId] of [
    [1_000, A, '<1@y.com>'],
    [2_000, A, '<2@y.com>'],
    [3_000, 'b@agents.example.com', '<3@y.com>'],
  ] as const)
    await writer.store(
      receivedMail({ to: [to], atMs, content: { headerId, html: '<p>Hello</p>', replyTo: ['team@y.com'] } }),
    );
});

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

const labelsOf = async (id: string) => (await node.v0('GET', `${MESSAGES}/${encodeURIComponent(id)}`)).body.labels;

describe('POST …/messages/batch-get', () => {
  it('answers the mails that there are in the order in which they are named, without their texts', async () => {
    const asked = { message_ids: ['<2@y.com>', '<3@y.com>', '<none@y.com>', '<1@y.com>'] };
    const { body } = await node.v0('POST', `${MESSAGES}/batch-get`, asked);
    expect(body).toMatchObject({ limit: 4, count: 2 });
    expect(body.messages.map(({ message_id }: { message_id: string }) => message_id)).toEqual([
      '<2@y.com>',
      '<1@y.com>',
    ]);
    expect(body.messages[0]).toMatchObject({ labels: ['received', 'unread'], reply_to: ['team@y.com'] });
    for (const text of ['text', 'html', 'extracted_text', 'extracted_html'])
      expect(body.messages[0]).not.toHaveProperty(text);
  });

  it('refuses none, too many, and one twice', async () => {
    const many = Array.from({ length: 501 }, (_, at) => `<${at}@y.com>`);
    for (const message_ids of [[], many, ['<1@y.com>', '<1@y.com>'], 'x', [7]])
      expect(await node.v0('POST', `${MESSAGES}/batch-get`, { message_ids })).toMatchObject({ status: 400 });
    expect((await node.v0('POST', `${MESSAGES}/batch-get`, { message_ids: many.slice(1) })).status).toBe(200);
    expect((await node.v0('POST', '/inboxes/none@x.com/messages/batch-get', { message_ids: ['x'] })).status).toBe(404);
  });
});

describe('POST …/messages/batch-update', () => {
  it('changes the labels of all that there are, each of which it answers', async () => {
    const message_ids = ['<2@y.com>', '<3@y.com>', '<1@y.com>'];
    const form = { message_ids, add_labels: ['done'], remove_labels: 'unread' };
    expect((await node.v0('POST', `${MESSAGES}/batch-update`, form)).body).toEqual({
      ...{ limit: 3, count: 2 },
      updates: [
        { message_id: '<2@y.com>', labels: ['done', 'received'] },
        { message_id: '<1@y.com>', labels: ['done', 'received'] },
      ],
    });
    const b = await node.v0('GET', '/inboxes/b@agents.example.com/messages?labels=unread');
    expect(b.body.count).toBe(1);
    expect((await node.v0('GET', '/threads?labels=done')).body.count).toBe(2);
  });

  it('changes all of them or none', async () => {
    await node.v0('PATCH', `${MESSAGES}/${encodeURIComponent('<1@y.com>')}`, { add_labels: ['mine'] });
    const message_ids = ['<2@y.com>', '<1@y.com>'];
    const required = { 'x-require-labels': '!mine' };
    expect(
      await node.v0('POST', `${MESSAGES}/batch-update`, { message_ids, add_labels: ['x'] }, required),
    ).toMatchObject({ status: 409, body: { code: 'race_condition' } });
    const add_labels = Array.from({ length: 98 }, (_, at) => `label ${at}`);
    expect(await node.v0('POST', `${MESSAGES}/batch-update`, { message_ids, add_labels })).toMatchObject({
      status: 422,
    });
    expect(await labelsOf('<2@y.com>')).toEqual(['received', 'unread']);
  });

  it('refuses labels of the host, nothing to change, and more than 50', async () => {
    const message_ids = ['<1@y.com>'];
    const many = Array.from({ length: 51 }, (_, at) => `<${at}@y.com>`);
    for (const form of [
      { message_ids },
      { message_ids, add_labels: ['sent'] },
      { message_ids: [...message_ids, ...message_ids], add_labels: ['x'] },
      { message_ids: many, add_labels: ['x'] },
      { add_labels: ['x'] },
    ])
      expect(await node.v0('POST', `${MESSAGES}/batch-update`, form)).toMatchObject({ status: 400 });
  });
});
