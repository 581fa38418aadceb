// What whoever gets a mail can ask the host: for no more mail, and, where the sender wants to know, for the picture that says that it was opened.

import { describe, expect, it } from 'vitest';
import { isOfMail } from '../../../../node/mailbox/event.ts';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { EventReader } from '../../../../node/mailbox/store/event-rows.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const ANN = 'ann@agents.example.com';
const BOB = 'bob@agents.example.com';
const EVE = 'eve@agents.example.com';
const PUBLIC = 'https://mail.example.com';

async function world(publicUrl?: string): Promise<MailboxNode> {
  const node = await mailboxNode(publicUrl === undefined ? {} : { publicUrl });
  for (const username of ['ann', 'bob', 'eve']) await node.v0('POST', '/inboxes', { username });
  return node;
}

const send = (node: MailboxNode, from: string, body: object) =>
  node.v0('POST', `/inboxes/${from}/messages/send`, { text: 'Words.', ...body });
const newest = async (node: MailboxNode, inbox: string) => {
  const [{ message_id: id }] = (await node.v0('GET', `/inboxes/${inbox}/messages`)).body.messages;
  return (await node.v0('GET', `/inboxes/${inbox}/messages/${encodeURIComponent(id)}`)).body;
};
const entries = async (node: MailboxNode) =>
  (await node.v0('GET', `/inboxes/${ANN}/lists/send/block`)).body.entries.map(({ entry }: { entry: string }) => entry);
const count = async (node: MailboxNode, inbox: string, query = '') =>
  (await node.v0('GET', `/inboxes/${inbox}/messages${query}`)).body.count;
/** Events of the mailbox, each with the mail that it is about. */
const happened = (node: MailboxNode) => {
  const connection = openForReading(node.directory);
  const events = new EventReader(connection).references({ after: 0, limit: 100 });
  connection.close();
  return events.filter(isOfMail).map(({ type, inboxId, messageId }) => `${type} ${inboxId} ${messageId}`);
};
/** What there is to unsubscribe by in the mail that Ann sends to Bob. */
async function offered(node: MailboxNode): Promise<{ address: string; link: string; headers: Record<string, string> }> {
  await send(node, ANN, { to: BOB, headers: { 'List-Unsubscribe': 'auto' } });
  const { headers } = await newest(node, BOB);
  const field = headers['List-Unsubscribe'].replaceAll(/\s+/g, ' ');
  const address = /<mailto:([^?>]+)\?subject=unsubscribe>/.exec(field)?.[1] ?? '';
  return { address, link: /<(https:[^>]+)>/.exec(field)?.[1] ?? '', headers };
}

describe('List-Unsubscribe: auto', () => {
  it('names an address at which the recipient, and nobody else, asks for no more mail', async () => {
    await using node = await world();
    const { address, link, headers } = await offered(node);
    expect([link, headers['List-Unsubscribe-Post']], 'no URL without --mailbox-public-url').toEqual(['', undefined]);
    await send(node, EVE, { to: address });
    expect([await entries(node), await count(node, ANN, '?labels=unread')]).toEqual([[], 1]);
    await send(node, BOB, { to: address, text: 'No more, please.' });
    expect(await entries(node)).toEqual([BOB]);
    const mail = await newest(node, ANN);
    expect(mail).toMatchObject({ text: 'No more, please.', labels: ['received', 'unsubscribe'] });
    expect(await send(node, ANN, { to: BOB })).toMatchObject({ status: 403, body: { code: 'message_rejected' } });
    expect(happened(node)).not.toContain(`message.received ${ANN} ${mail.message_id}`);
  });

  it('holds once: who is let in again is not put out by an old mail', async () => {
    await using node = await world();
    const { address } = await offered(node);
    await send(node, BOB, { to: address });
    await node.v0('DELETE', `/inboxes/${ANN}/lists/send/block/${BOB}`);
    await send(node, BOB, { to: address });
    expect(await entries(node)).toEqual([]);
    const { address: next } = await offered(node);
    await send(node, BOB, { to: next });
    expect(await entries(node)).toEqual([BOB]);
  });

  it('has a link, too, where the host is reached by one, at which a form asks and a look does not', async () => {
    await using node = await world(PUBLIC);
    const { link, headers } = await offered(node);
    expect(headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');
    const path = link.slice(PUBLIC.length);
    const ask = (method: string, at: string, body = '', type = 'application/x-www-form-urlencoded') =>
      node.node.fetch(
        new Request(`http://127.0.0.1:23000${at}`, {
          method,
          headers: { host: 'mail.example.com', 'content-type': type },
          ...(method === 'POST' ? { body } : {}),
        }),
        {},
      );
    expect((await ask('GET', path)).status).toBe(200);
    expect((await ask('POST', path, 'x=1')).status).toBe(400);
    expect((await ask('POST', path, '{}', 'application/json')).status).toBe(400);
    expect(await entries(node)).toEqual([]);
    const forged = Buffer.from(JSON.stringify([ANN, EVE, 'a'.repeat(20)])).toString('base64url');
    expect((await ask('POST', `/v0/unsubscribe/${forged}`, 'List-Unsubscribe=One-Click')).status).toBe(404);
    expect(await entries(node)).toEqual([]);
    expect((await ask('POST', path, 'List-Unsubscribe=One-Click')).status).toBe(200);
    expect(await entries(node)).toEqual([BOB]);
    const parts = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n';
    expect((await ask('POST', path, parts, 'multipart/form-data; boundary=b')).status).toBe(200);
    await node.v0('DELETE', `/inboxes/${ANN}/lists/send/block/${BOB}`);
    const again = await ask('POST', path, 'List-Unsubscribe=One-Click');
    expect([again.status, await entries(node)], 'an old link promises nothing').toEqual([410, []]);
    expect(await again.text()).toContain('nothing has changed');
    await node.v0('DELETE', `/inboxes/${ANN}`);
    expect((await ask('POST', path, 'List-Unsubscribe=One-Click')).status, 'nobody writes any more').toBe(200);
  });

  it('is of one recipient, and makes all of its headers', async () => {
    await using node = await world();
    const headers = { 'List-Unsubscribe': 'auto' };
    const wrong = { status: 400, body: { errors: [{ path: ['headers', 'List-Unsubscribe'] }] } };
    expect(await send(node, ANN, { to: [BOB, EVE], headers })).toMatchObject(wrong);
    expect(await send(node, ANN, { to: BOB, bcc: EVE, headers })).toMatchObject(wrong);
    const post = { ...headers, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
    expect((await send(node, ANN, { to: BOB, headers: post })).status).toBe(400);
    const long = 'a'.repeat(40);
    await node.v0('POST', '/inboxes', { username: long });
    expect(await send(node, `${long}@agents.example.com`, { to: BOB, headers })).toMatchObject(wrong);
  });
});

describe('track_opens', () => {
  const html = '<html><body><p>Hello</p></body></html>';
  const picture = (text: string) =>
    /<img src="https:\/\/mail\.example\.com(\/v0\/opens\/[\w-]+)"[^>]*>/.exec(text)?.[1];
  const open = (node: MailboxNode, path: string, method = 'GET') =>
    node.node.fetch(
      new Request(`http://127.0.0.1:23000${path}`, { method, headers: { host: 'mail.example.com' } }),
      {},
    );
  const told = async (node: MailboxNode) => (await node.v0('GET', `/inboxes/${ANN}/events`)).body.events;

  it('has the picture at the end of the mail, whatever letters it has', async () => {
    await using node = await world(PUBLIC);
    await send(node, ANN, { to: BOB, html: `<body>${'İ'.repeat(20)}</BODY></html>`, track_opens: true });
    expect((await newest(node, BOB)).html).toMatch(/İ<img [^>]*><\/BODY><\/html>$/);
  });

  it('tells of the first time at which the picture of the mail is fetched', async () => {
    await using node = await world(PUBLIC);
    const { body } = await send(node, ANN, { to: BOB, html, track_opens: true });
    const got = await newest(node, BOB);
    const path = String(picture(got.html));
    expect(got.html).toMatch(/<p>Hello<\/p><img [^>]*><\/body>/);
    expect(got.text).not.toContain('mail.example.com');
    const labels = async () => (await newest(node, ANN)).labels;
    await open(node, path, 'HEAD');
    expect(await labels()).not.toContain('opened');
    const answer = await open(node, path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/gif']);
    expect(answer.headers.get('cache-control')).toContain('no-store');
    expect(await labels()).toContain('opened');
    await open(node, path);
    const opened = (await told(node)).filter(({ label }: { label: string }) => label === 'opened');
    expect(opened).toMatchObject([{ event_type: 'label.added', message_id: body.message_id }]);
    expect(happened(node).filter((one) => one.startsWith('message.opened'))).toEqual([
      `message.opened ${ANN} ${body.message_id}`,
    ]);
  });

  it('shows the same picture to whoever makes something up, and tells nobody', async () => {
    await using node = await world(PUBLIC);
    const { body } = await send(node, ANN, { to: BOB, html, track_opens: true });
    const id = body.message_id.slice(1, 37).replaceAll('-', '');
    const forged = Buffer.concat([Buffer.from(id, 'hex'), Buffer.alloc(16)]).toString('base64url');
    const known = await open(node, String(picture((await newest(node, BOB)).html)));
    for (const token of [forged, 'x', '%00']) {
      const answer = await open(node, `/v0/opens/${token}`);
      expect(answer.status).toBe(200);
      expect([...answer.headers]).toEqual([...known.headers]);
    }
    expect((await told(node)).filter(({ label }: { label: string }) => label === 'opened')).toHaveLength(1);
  });

  it('is in no mail that does not ask for it, and not in what is passed on', async () => {
    await using node = await world(PUBLIC);
    await send(node, ANN, { to: BOB, html });
    expect((await newest(node, BOB)).html).not.toContain('mail.example.com');
    const { body } = await send(node, ANN, { to: BOB, html, track_opens: true });
    await node.v0('POST', `/inboxes/${ANN}/messages/${encodeURIComponent(body.message_id)}/forward`, { to: EVE });
    const passed = await newest(node, EVE);
    expect(passed.html).toContain('<p>Hello</p>');
    expect(passed.html).not.toContain('mail.example.com');
  });

  it('needs a URL of the host, and HTML', async () => {
    await using without = await world();
    const wrong = { status: 400, body: { errors: [{ path: ['track_opens'] }] } };
    expect(await send(without, ANN, { to: BOB, html, track_opens: true })).toMatchObject(wrong);
    expect((await send(without, ANN, { to: BOB, html, track_opens: false })).status).toBe(200);
    await using node = await world(PUBLIC);
    expect(await send(node, ANN, { to: BOB, track_opens: true })).toMatchObject(wrong);
  });
});
