// A disk on which less stays free than the node needs for itself: what brings a mail is refused before anything of it is written.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DnsServer } from '../../../support/dns-server.ts';
import { mailOf } from '../../../support/mail-structure.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { serveZone } from '../../../support/zone.ts';

const GIB = 1_024 ** 3;
const A = 'a@agents.example.com';
const MESSAGES = `/inboxes/${A}/messages`;

/** Says of no name that there is anything. */
let dns: DnsServer;
let node: MailboxNode;
let free: number;
let firstId: string;

beforeEach(async () => {
  free = GIB;
  dns = await serveZone(new Map());
  node = await mailboxNode({ dns: dns.at, freeBytes: async () => free });
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
  const first = { to: A, subject: 'First', text: 'x' };
  firstId = (await node.v0('POST', '/inboxes/b@agents.example.com/messages/send', first)).body.message_id;
  free = GIB - 1;
  await node.clock.advance(1_000);
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

const REFUSED = { status: 503, body: { name: 'ServiceUnavailableError', code: 'service_unavailable' } };
const first = () => `${MESSAGES}/${encodeURIComponent(firstId)}`;
const count = async () => (await node.v0('GET', MESSAGES)).body.count;

describe('a mail for which the disk has no room', () => {
  it.each([
    ['send', () => `${MESSAGES}/send`, { to: A, text: 'x' }],
    ['reply', () => `${first()}/reply`, { text: 'x' }],
    ['reply-all', () => `${first()}/reply-all`, { text: 'x' }],
    ['forward', () => `${first()}/forward`, { to: A }],
  ])('is 503 with a time by %s, and is sent when there is room again', async (_, path, body) => {
    const attachments = [{ filename: 'a.txt', content: Buffer.from('the file').toString('base64') }];
    const send = () => node.v0('POST', path(), { ...body, attachments });
    const refused = await send();
    expect(refused).toMatchObject(REFUSED);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await count()).toBe(1);
    expect(node.log.named('blob.removed'), 'its file was not even put away').toEqual([]);
    free = GIB;
    await node.clock.advance(1_000);
    expect((await send()).status).toBe(200);
  });

  it('is 503 when a gateway hands it over', async () => {
    const ingest = () =>
      node.node.fetch(
        new Request(`http://localhost/api/mailbox/ingest?to=${A}`, {
          method: 'POST',
          headers: { host: 'localhost', authorization: `Bearer ${node.key}`, 'content-type': 'message/rfc822' },
          body: mailOf('Message-ID: <1@y.com>', 'From: jane@y.com', '', 'Words.'),
        }),
      );
    const refused = await ingest();
    expect([refused.status, await refused.json()]).toMatchObject([REFUSED.status, REFUSED.body]);
    expect(refused.headers.has('retry-after')).toBe(true);
    expect(readdirSync(join(node.directory, 'spool'))).toEqual([]);
    free = GIB;
    await node.clock.advance(1_000);
    expect((await ingest()).status).toBe(200);
  });

  it('is 503 as a draft, new or with more files, and when it is sent', async () => {
    const drafts = `/inboxes/${A}/drafts`;
    free = GIB;
    await node.clock.advance(1_000);
    const { draft_id: id } = (await node.v0('POST', drafts, { to: A, text: 'x' })).body;
    free = GIB - 1;
    await node.clock.advance(1_000);
    const attachments = [{ filename: 'a.txt', content: Buffer.from('the file').toString('base64') }];
    for (const [method, path, body] of [
      ['POST', drafts, { attachments }],
      ['PATCH', `${drafts}/${id}`, { add_attachments: attachments }],
      ['POST', `${drafts}/${id}/send`, {}],
    ] as const) {
      const refused = await node.v0(method, path, body);
      expect([method, path, refused]).toMatchObject([method, path, REFUSED]);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect(await count()).toBe(1);
    const { body: left } = await node.v0('GET', drafts);
    expect(left.drafts).toMatchObject([{ draft_id: id, labels: [] }]);
    free = GIB;
    await node.clock.advance(1_000);
    expect((await node.v0('POST', `${drafts}/${id}/send`, {})).status).toBe(200);
  });

  it('takes no room from what needs none: mail is read, labelled and deleted', async () => {
    expect((await node.v0('GET', first())).status).toBe(200);
    expect((await node.v0('PATCH', first(), { add_labels: ['seen'] })).status).toBe(200);
    expect((await node.v0('DELETE', first())).status).toBe(204);
  });
});
