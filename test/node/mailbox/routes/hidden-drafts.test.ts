// A draft that answers or passes on a mail says what that is about: for a key that may not read the mail it is not there, whatever is asked.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const NAMED = '<1@y.com>';
const FILE = { filename: 'a.txt', content: Buffer.from('x').toString('base64') };
const MAY = Object.fromEntries(
  ['draft_read', 'draft_create', 'draft_update', 'draft_delete', 'draft_send', 'message_read', 'message_send'].map(
    (name) => [name, true],
  ),
);

let node: MailboxNode;
let blind: Readonly<Record<string, string>>;

beforeEach(async () => {
  node = await mailboxNode();
  await node.v0('POST', '/inboxes', { username: 'a' });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  const writer = await Writer.open({ ...made, directory: node.directory });
  await writer.store(receivedMail({ to: [A], content: { headerId: NAMED, subject: 'Cheap watches' } }));
  writer.close();
  const { api_key: key } = (await node.v0('POST', '/api-keys', { permissions: MAY })).body;
  blind = { authorization: `Bearer ${key}` };
});

afterEach(() => node[Symbol.asyncDispose]());

const label = (form: object) => node.v0('PATCH', `/inboxes/${A}/messages/${encodeURIComponent(NAMED)}`, form);
const draft = async (form: object) =>
  (await node.v0('POST', `/inboxes/${A}/drafts`, { to: [A], attachments: [FILE], ...form })).body;
const listed = async (as = {}) =>
  (await node.v0('GET', '/drafts', undefined, as)).body.drafts.map(({ subject }: { subject: string }) => subject);

describe.each([
  ['passes on', { forward_of: NAMED }, 'Fwd: Cheap watches'],
  ['answers', { in_reply_to: NAMED }, 'Re: Cheap watches'],
])('a draft that %s a mail', (_, form, subject) => {
  it.each(['spam', 'blocked', 'unauthenticated', 'trash'])(
    'which is %s is there for whoever may read that',
    async (name) => {
      const { draft_id: id, attachments } = await draft({ ...form, client_id: 'mine' });
      await draft({ subject: 'Own' });
      await label({ add_labels: [name] });
      expect((await listed()).sort()).toEqual([subject, 'Own'].sort());
      expect(await listed(blind)).toEqual(['Own']);
      const path = `/inboxes/${A}/drafts/${id}`;
      for (const [method, at, body] of [
        ['GET', path],
        ['GET', `/drafts/${id}`],
        ['PATCH', path, { text: 'x' }],
        ['POST', `${path}/send`, {}],
        ['DELETE', path],
      ] as const) {
        const { status, body: answer } = await node.v0(method, at, body, blind);
        expect([method, at, status, answer]).toEqual([
          ...[method, at, 404],
          (await node.v0('GET', '/drafts/never', undefined, blind)).body,
        ]);
      }
      const again = await node.v0('POST', `/inboxes/${A}/drafts`, { client_id: 'mine' }, blind);
      expect([again.status, JSON.stringify(again.body)]).toEqual([404, expect.not.stringContaining('watches')]);
      const file = await node.v0('GET', `${path}/attachments/${attachments[0].attachment_id}`, undefined, blind);
      expect([file.status, JSON.stringify(file.body)]).toEqual([404, expect.not.stringContaining('draft')]);
      await label({ remove_labels: [name] });
      expect((await listed(blind)).sort()).toEqual([subject, 'Own'].sort());
      expect((await node.v0('GET', path, undefined, blind)).body.subject).toBe(subject);
    },
  );
});
