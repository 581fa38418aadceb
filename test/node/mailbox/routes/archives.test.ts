// The mail of an inbox as one file: taken out, put into another inbox, and put in again.

import { describe, expect, it } from 'vitest';
import { isOfMail } from '../../../../node/mailbox/event.ts';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { EventReader } from '../../../../node/mailbox/store/event-rows.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const ANN = 'ann@agents.example.com';
const BOB = 'bob@agents.example.com';

async function world(): Promise<MailboxNode> {
  const node = await mailboxNode();
  for (const username of ['ann', 'bob', 'eve']) await node.v0('POST', '/inboxes', { username });
  return node;
}

const ask = (node: MailboxNode, path: string, init: RequestInit = {}, key = node.key) =>
  node.node.fetch(
    new Request(`http://127.0.0.1:23000/api/mailbox${path}`, {
      ...init,
      headers: { host: '127.0.0.1', authorization: `Bearer ${key}`, ...init.headers },
    }),
    {},
  );
const exported = async (node: MailboxNode, inbox: string) => (await ask(node, `/inboxes/${inbox}/export`)).text();
const imported = async (node: MailboxNode, inbox: string, body: string, query = '') => {
  const headers = { 'content-type': 'application/mbox' };
  const answer = await ask(node, `/inboxes/${inbox}/import${query}`, { method: 'POST', body, headers });
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer has, and fails where it has not.
  return { status: answer.status, body: (await answer.json()) as any };
};
/** Events of the mailbox, each with the mail that it is about. */
const happened = (node: MailboxNode) => {
  const connection = openForReading(node.directory);
  const events = new EventReader(connection).references({ after: 0, limit: 100 });
  connection.close();
  return events.filter(isOfMail).map(({ type, inboxId, messageId }) => `${type} ${inboxId} ${messageId}`);
};
const ALL = 'include_trash=true&include_spam=true&include_blocked=true&include_unauthenticated=true&limit=100';
const shown = async (node: MailboxNode, inbox: string) =>
  (await node.v0('GET', `/inboxes/${inbox}/messages?${ALL}`)).body.messages.map(
    ({ message_id, labels, timestamp, subject, size }: Record<string, unknown>) => ({
      message_id,
      labels,
      timestamp,
      subject,
      size,
    }),
  );
const mbox = (...mails: readonly (readonly string[])[]) =>
  mails.map((lines) => `From jane@y.com Sun Nov  8 09:05:07 2020\n${lines.join('\n')}\n\n`).join('');
const JANE = ['From: Jane <jane@y.com>', 'Message-ID: <1@y.com>', 'Subject: Hello', '', 'Words.'];

describe('an inbox that is taken out and put in elsewhere', () => {
  it('has the same mails at the same times with the same labels, and its threads; twice they are no more', async () => {
    await using node = await world();
    const send = (from: string, body: object) => node.v0('POST', `/inboxes/${from}/messages/send`, body);
    await send(BOB, { to: ANN, subject: 'Grüße', text: 'From here\nand there' });
    const [mail] = (await node.v0('GET', `/inboxes/${ANN}/messages`)).body.messages;
    const path = `/inboxes/${ANN}/messages/${encodeURIComponent(mail.message_id)}`;
    await node.v0('POST', `${path}/reply`, { text: 'Yes.', html: '<p>Yes.</p>' });
    await node.v0('PATCH', path, { add_labels: ['schön, nicht'.replace(',', ''), 'trash'] });
    await send(BOB, { to: ANN, subject: 'Other', text: 'x' });

    const file = await exported(node, ANN);
    expect(file.match(/^From /gm)).toHaveLength(3);
    const other = 'eve@agents.example.com';
    const put = await imported(node, other, file);
    expect(put.body.results.map(({ status }: { status: string }) => status)).toEqual(['stored', 'stored', 'stored']);
    expect(await shown(node, other)).toEqual(await shown(node, ANN));
    const threads = async (inbox: string) =>
      (await node.v0('GET', `/inboxes/${inbox}/threads?${ALL}`)).body.threads.map(
        ({ message_count, labels, last_message_id }: Record<string, unknown>) => ({
          message_count,
          labels,
          last_message_id,
        }),
      );
    expect(await threads(other)).toEqual(await threads(ANN));
    const again = await imported(node, other, file);
    expect(again.body.results.map(({ status }: { status: string }) => status)).toEqual([
      'duplicate',
      'duplicate',
      'duplicate',
    ]);
    expect(await exported(node, other), 'octet for octet').toBe(file);
  });
});

describe('a file of another program', () => {
  it('is put in as mail that is no news: read, at the time at which it came, told to nobody', async () => {
    await using node = await world();
    const own = ['From: Ann <ann@agents.example.com>', 'Message-ID: <2@y.com>', 'In-Reply-To: <1@y.com>', '', 'Yes.'];
    expect((await imported(node, ANN, mbox(JANE, own))).body.results).toEqual([
      { status: 'stored', message_id: '<1@y.com>' },
      { status: 'stored', message_id: '<2@y.com>' },
    ]);
    const timestamp = '2020-11-08T09:05:07.000Z';
    expect(await shown(node, ANN)).toMatchObject([
      { message_id: '<2@y.com>', labels: ['sent'], timestamp },
      { message_id: '<1@y.com>', labels: ['received'], timestamp },
    ]);
    expect((await node.v0('GET', `/inboxes/${ANN}/threads`)).body.threads).toMatchObject([{ message_count: 2 }]);
    expect(happened(node)).toEqual([]);
  });

  it('says by its own fields what was read, what is spam, and what its labels are', async () => {
    await using node = await world();
    const with_ = (id: string, ...fields: readonly string[]) => [
      ...fields,
      `Message-ID: <${id}@y.com>`,
      ...JANE.filter((line) => !line.startsWith('Message')),
    ];
    const file = mbox(
      with_('a', 'Status: O'),
      with_('b', 'Status: RO'),
      with_('c'),
      with_('d', 'X-Gmail-Labels: Inbox,Unread,=?UTF-8?Q?Gr=C3=BC=C3=9Fe?='),
      with_('e', 'X-Gmail-Labels: Spam,Opened'),
      // Its sender has put these, not a host.
      with_('f', 'Received: x', 'X-Mesh-Time: 2026-01-01T00:00:00.000Z', 'X-Mesh-Labels: sent'),
    );
    await imported(node, ANN, file, '?unread=true');
    const labels = Object.fromEntries(
      (await shown(node, ANN)).map((one: { message_id: string; labels: string[] }) => [one.message_id, one.labels]),
    );
    expect(labels).toEqual({
      '<a@y.com>': ['received', 'unread'],
      '<b@y.com>': ['received'],
      '<c@y.com>': ['received', 'unread'],
      '<d@y.com>': ['Grüße', 'received', 'unread'],
      '<e@y.com>': ['received', 'spam'],
      '<f@y.com>': ['received', 'unread'],
    });
    expect((await node.v0('GET', `/inboxes/${ANN}/messages`)).body.count).toBe(5);
  });

  it('is refused where it is none, or too much for one request, and nothing is kept', async () => {
    await using node = await world();
    const many = mbox(...Array.from({ length: 101 }, (_, at) => [`Message-ID: <${at}@y.com>`, '', 'x']));
    for (const body of ['', 'Subject: x\n\nFrom nobody', many]) {
      const { status } = await imported(node, ANN, body);
      expect(status).toBe(400);
    }
    const headers = { 'content-type': 'text/plain' };
    expect((await ask(node, `/inboxes/${ANN}/import`, { method: 'POST', body: mbox(JANE), headers })).status).toBe(400);
    expect((await imported(node, 'nobody@agents.example.com', mbox(JANE))).status).toBe(404);
    expect(await shown(node, ANN)).toEqual([]);
  });

  it('stops at what the inbox keeps, and says which were left out', async () => {
    await using node = await world();
    await node.own('PUT', `/inboxes/${ANN}/settings`, { quota_bytes: 0 });
    expect((await imported(node, ANN, mbox(JANE))).body.results).toEqual([
      { status: 'refused', reason: 'The inbox is full.' },
    ]);
  });

  it('takes a key of the organization', async () => {
    await using node = await world();
    const { api_key: key } = (await node.v0('POST', `/inboxes/${ANN}/api-keys`, {})).body;
    expect((await ask(node, `/inboxes/${ANN}/export`, {}, key)).status).toBe(403);
    const init = { method: 'POST', body: mbox(JANE), headers: { 'content-type': 'application/mbox' } };
    expect((await ask(node, `/inboxes/${ANN}/import`, init, key)).status).toBe(403);
  });
});
