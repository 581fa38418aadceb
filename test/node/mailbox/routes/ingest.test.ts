// Mail that a gateway hands over by HTTP.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '../../../support/dns-server.ts';
import { mailOf } from '../../../support/mail-structure.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';

const MAIL = mailOf('Message-ID: <1@y.com>', 'From: jane@y.com', 'Subject: Hi', '', 'Words.');
const TO = 'support@agents.example.com';

let node: MailboxNode;
let dns: DnsServer;

beforeEach(async () => {
  // Of no domain is anything known, which is another answer than none.
  dns = await startDnsServer(() => 'absent');
  node = await mailboxNode({ dns: dns.at });
  await node.v0('POST', '/inboxes', { username: 'support' });
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

async function ingest(query: string, body: string | undefined, headers: Readonly<Record<string, string>> = {}) {
  const response = await node.node.fetch(
    new Request(`http://localhost/api/mailbox/ingest?${query}`, {
      method: 'POST',
      headers: { host: 'localhost', authorization: `Bearer ${node.key}`, 'content-type': 'message/rfc822', ...headers },
      ...(body === undefined ? {} : { body }),
    }),
  );
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the answer has.
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
}

describe('POST /api/mailbox/ingest', () => {
  it('puts the mail into the inbox, once however often it comes', async () => {
    for (const status of ['stored', 'duplicate'])
      expect(await ingest(`to=${TO}&mail_from=jane@y.com`, MAIL)).toMatchObject({
        status: 200,
        body: { results: [{ to: TO, status, message_id: '<1@y.com>' }] },
      });
    const { body } = await node.v0('GET', `/inboxes/${TO}/messages?include_unauthenticated=true`);
    expect(body.messages).toMatchObject([{ message_id: '<1@y.com>', subject: 'Hi' }]);
    expect(readdirSync(join(node.directory, 'spool'))).toEqual([]);
  });

  it('knows an inbox by any spelling of its address, whose domain mail servers write in ASCII', async () => {
    await node.ask('POST', '/api/agents', {
      ...{ id: 'iac', name: 'iac' },
      tools: { email: { addresses: [{ address: 'laden@bücher.example' }] } },
    });
    expect((await node.v0('POST', '/inboxes', { username: 'laden', domain: 'bücher.example' })).status).toBe(200);
    for (const to of ['laden@xn--bcher-kva.example', 'Laden+x@XN--BCHER-KVA.example', 'laden@bücher.example'])
      expect((await ingest(`to=${encodeURIComponent(to)}`, MAIL)).status, to).toBe(200);
    const path = `/inboxes/${encodeURIComponent('laden@bücher.example')}/messages?include_unauthenticated=true`;
    expect((await node.v0('GET', path)).body.count).toBe(1);
  });

  it('puts it into all inboxes, or into none', async () => {
    await node.v0('POST', '/inboxes', { username: 'sales' });
    const both = `to=${TO}&to=sales%2Bnews@agents.example.com`;
    expect(await ingest(`${both}&to=nobody@agents.example.com`, MAIL)).toMatchObject({
      status: 404,
      body: { code: 'not_found', message: 'There is no inbox nobody@agents.example.com here.' },
    });
    expect((await node.v0('GET', '/threads?include_unauthenticated=true')).body.count).toBe(0);
    expect((await ingest(both, MAIL)).body.results.map(({ to, status }: never) => [to, status])).toEqual([
      [TO, 'stored'],
      ['sales+news@agents.example.com', 'stored'],
    ]);
  });

  it.each([
    ['no recipient', 'mail_from=a@y.com', MAIL, {}, 400, /'to' must name 1 to 100 recipients/],
    ['what is no address of a machine', `to=${TO}&ip=mx.y.com`, MAIL, {}, 400, /'ip' must be an IP address/],
    [
      'a parameter that nobody knows',
      `to=${TO}&form=x`,
      MAIL,
      {},
      400,
      /'form' is not known here, but to, mail_from, ip, helo/,
    ],
    ['another content type', `to=${TO}`, '{}', { 'content-type': 'application/json' }, 400, /message\/rfc822/],
    ['no body', `to=${TO}`, undefined, {}, 400, /'body' must be the mail/],
    ['more than 25 MiB', `to=${TO}`, 'x'.repeat(25 * 1024 ** 2 + 1), {}, 413, /larger than 25 MiB/],
    ['what was here before', `to=${TO}`, `Delivered-To: ${TO}\r\n${MAIL}`, {}, 422, /goes in circles/],
    ['no key', `to=${TO}`, MAIL, { authorization: '' }, 401, /key/],
  ])('refuses %s, and keeps nothing', async (_, query, body, headers, status, why) => {
    const answer = await ingest(query, body, headers);
    expect([answer.status, answer.body.message]).toEqual([status, expect.stringMatching(why)]);
    expect((await node.v0('GET', '/threads?include_unauthenticated=true')).body.count).toBe(0);
    expect(readdirSync(join(node.directory, 'spool'))).toEqual([]);
  });

  it('takes a key of the organization, and not that of one inbox', async () => {
    const { body } = await node.v0('POST', `/inboxes/${TO}/api-keys`, { name: 'one' });
    const answer = await ingest(`to=${TO}`, MAIL, { authorization: `Bearer ${body.api_key}` });
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  });
});
