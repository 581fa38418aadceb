// What is held back, in quarantine or in the trash, within a thread that has other mail: it is shown to who asks for it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailPart } from '../../../../node/mailbox/message.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const FILE: MailPart = {
  ...{ attachmentId: '1-0badcafe', filename: 'file.txt', contentType: 'text/plain', disposition: 'attachment' },
  ...{ encoding: 'identity', start: 0, end: 2, size: 2 },
};

let node: MailboxNode;
let writer: Writer;
let threadId: string;
let stored: number;

const receive = async (id: string, inReplyTo: readonly string[] = [], parts: readonly MailPart[] = []) => {
  stored += 1;
  const content = { headerId: id, inReplyTo, parts, preview: `About ${id}`, from: `${id.slice(1, 2)} <jane@y.com>` };
  const [result] = await writer.store(receivedMail({ to: [A], atMs: stored * 1_000, content }));
  return String(result?.threadId);
};
const change = (id: string, form: object) => node.v0('PATCH', `/inboxes/${A}/messages/${encodeURIComponent(id)}`, form);
const thread = async (query = '', root = '') => (await node.v0('GET', `${root}/threads/${threadId}${query}`)).body;
const ids = (body: { messages: { message_id: string }[] }) => body.messages.map(({ message_id }) => message_id);
const listed = async (query = '') => (await node.v0('GET', `/threads${query}`)).body.threads;

beforeEach(async () => {
  stored = 0;
  node = await mailboxNode();
  await node.v0('POST', '/inboxes', { username: 'a' });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
  threadId = await receive('<1@y.com>');
  await receive('<2@y.com>', ['<1@y.com>'], [FILE]);
});

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

describe.each(['trash', 'spam', 'blocked', 'unauthenticated'])(
  'a mail that is %s, in a thread with another',
  (label) => {
    beforeEach(() => change('<2@y.com>', { add_labels: [label, 'mine'] }));

    it('is not shown with it, nor does the thread say anything of it', async () => {
      for (const root of ['', `/inboxes/${A}`]) {
        const shown = await thread('', root);
        expect([ids(shown), shown.count]).toEqual([['<1@y.com>'], 1]);
        expect(shown).toMatchObject({
          ...{
            message_count: 1,
            last_message_id: '<1@y.com>',
            preview: 'About <1@y.com>',
            senders: ['1 <jane@y.com>'],
          },
          ...{ labels: ['received', 'unread'] },
        });
        expect(shown.attachments).toBeUndefined();
      }
      expect(await listed()).toMatchObject([
        { message_count: 1, last_message_id: '<1@y.com>', labels: ['received', 'unread'] },
      ]);
    });

    it('is shown to who asks for it, and to nobody who asks for something else', async () => {
      expect(ids(await thread(`?include_${label}=true`))).toEqual(['<1@y.com>', '<2@y.com>']);
      const other = label === 'trash' ? 'spam' : 'trash';
      expect(ids(await thread(`?include_${other}=true`))).toEqual(['<1@y.com>']);
      expect(await listed(`?include_${other}=true`), 'and its thread is there for the other').toHaveLength(1);
    });

    it('is shown again when the label is taken away', async () => {
      await change('<2@y.com>', { remove_labels: [label] });
      const shown = await thread();
      expect(ids(shown)).toEqual(['<1@y.com>', '<2@y.com>']);
      expect(shown).toMatchObject({
        message_count: 2,
        last_message_id: '<2@y.com>',
        attachments: [{ filename: 'file.txt' }],
      });
    });

    it('and the thread is shown as a whole to who has its id, when it has nothing else', async () => {
      await change('<1@y.com>', { add_labels: ['trash'] });
      expect(await listed()).toEqual([]);
      const shown = await thread();
      expect(ids(shown)).toEqual(['<1@y.com>', '<2@y.com>']);
      expect(shown.message_count).toBe(2);
    });
  },
);

describe('a mail that comes into a thread that lies in the trash', () => {
  it('is shown, with its thread, and without the others', async () => {
    await node.v0('PATCH', `/threads/${threadId}`, { add_labels: ['trash'] });
    expect(await listed()).toEqual([]);
    expect(await receive('<3@y.com>', ['<1@y.com>'])).toBe(threadId);
    expect(await listed()).toMatchObject([{ message_count: 1, last_message_id: '<3@y.com>' }]);
    expect(ids(await thread())).toEqual(['<3@y.com>']);
  });
});

describe('a page of a thread', () => {
  it('goes on with what was asked for, and with nothing else', async () => {
    await change('<1@y.com>', { add_labels: ['trash'] });
    await receive('<3@y.com>', ['<1@y.com>']);
    const first = await thread('?limit=1&include_trash=true');
    const token = `page_token=${first.next_page_token}`;
    expect(ids(await thread(`?limit=2&include_trash=true&${token}`))).toEqual(['<1@y.com>', '<2@y.com>']);
    expect((await node.v0('GET', `/threads/${threadId}?limit=2&${token}`)).status).toBe(400);
    expect(ids(await thread('?limit=100'))).toEqual(['<2@y.com>', '<3@y.com>']);
  });
});
