// Domains that somebody brings, as a client of `/v0` has them, with a DNS that says what the test says.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openForReading } from '../../../../node/mailbox/store/database.ts';
import { EventReader } from '../../../../node/mailbox/store/event-rows.ts';
import type { DnsServer } from '../../../support/dns-server.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { publish, serveZone, type Zone } from '../../../support/zone.ts';

const NAME = 'mail.acme.example';
const PUBLIC_URL = 'https://public.example.com/mesh';

let zone: Zone;
let dns: DnsServer;
let node: MailboxNode;

beforeEach(async () => {
  zone = new Map();
  dns = await serveZone(zone);
  node = await mailboxNode({ dns: dns.at });
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

const bring = async (form: object = {}, path = '') =>
  await node.v0('POST', `${path}/domains`, { domain: NAME, ...form });
const shown = async (name = NAME) => (await node.v0('GET', `/domains/${name}`)).body;
/** One look at the DNS, later than any before. */
const look = async (name = NAME) => {
  await node.clock.advance(10_000);
  return (await node.v0('POST', `/domains/${name}/verify`)).status;
};
const verified = async (form: object = {}, path = '') => {
  const { body } = await bring(form, path);
  publish(zone, body.records);
  expect(await look(body.domain_id)).toBe(204);
};
const refusal = async (asked: ReturnType<MailboxNode['v0']>) => {
  const { status, body } = await asked;
  return [status, body.code];
};
const makeInbox = (domain: string, path = '') => node.v0('POST', `${path}/inboxes`, { username: 'support', domain });

describe('POST /v0/domains', () => {
  it('makes a key and says what is to be published; the same again is the same', async () => {
    const { status, body } = await bring();
    expect(status).toBe(200);
    const [mx, spf, dkim, dmarc] = body.records;
    expect(body).toMatchObject({ domain_id: NAME, domain: NAME, status: 'NOT_STARTED', reason: 'dns_records_missing' });
    expect(body).toMatchObject({ feedback_enabled: true, subdomains_enabled: false, tracking_enabled: false });
    expect(body.records).toHaveLength(4);
    expect(mx).toEqual({ type: 'MX', name: NAME, value: 'mx.example.com', priority: 10, status: 'MISSING' });
    expect(spf).toEqual({ type: 'TXT', name: NAME, value: 'v=spf1 a:mx.example.com ~all', status: 'MISSING' });
    expect(dkim.name).toMatch(/^mesh[0-9a-f]{8}\._domainkey\.mail\.acme\.example$/);
    expect(dkim.value).toMatch(/^v=DKIM1; k=rsa; p=MIIB[A-Za-z0-9+/]+=*$/);
    expect(dmarc).toMatchObject({ type: 'TXT', name: `_dmarc.${NAME}`, value: 'v=DMARC1; p=none' });
    expect((await bring({ domain: `${NAME.toUpperCase()}.` })).body).toEqual(body);
    expect(JSON.stringify(await node.v0('GET', '/domains'))).not.toContain('PRIVATE');
    expect(await shown()).toEqual(body);
    expect((await node.v0('GET', `/domains/${NAME}/setup-link`)).body).toEqual({ supported: false });
  });

  it('lists the newest first, without what is to be published, page by page', async () => {
    for (const at of [1, 2, 3]) {
      await bring({ domain: `${at}.example.com` });
      await node.clock.advance(1_000);
    }
    const { body: page } = await node.v0('GET', '/domains?limit=2');
    const names = (of: { domains: { domain: string }[] }) => of.domains.map(({ domain }) => domain);
    expect([page.count, names(page)]).toEqual([2, ['3.example.com', '2.example.com']]);
    expect(page.domains[0]).not.toHaveProperty('records');
    const { body: rest } = await node.v0('GET', `/domains?limit=2&page_token=${page.next_page_token}`);
    expect([names(rest), rest.next_page_token]).toEqual([['1.example.com'], undefined]);
    expect(names((await node.v0('GET', '/domains?ascending=true')).body)[0]).toBe('1.example.com');
    expect((await node.v0('GET', '/organizations')).body.domain_count).toBe(3);
  });

  it('refuses what is no domain, and what nobody knows', async () => {
    for (const domain of ['', 'localhost', '127.0.0.1', 'a b.example.com', '-a.example.com', `${'a'.repeat(64)}.com`])
      expect([domain, ...(await refusal(bring({ domain })))]).toEqual([domain, 400, 'validation_error']);
    expect((await bring({ tracking_enabled: true })).body).toMatchObject({
      ...{ code: 'validation_error', message: expect.stringContaining('--mailbox-public-url') },
    });
    expect(await refusal(bring({ region: 'eu' }))).toEqual([400, 'validation_error']);
    const flags = { feedback_enabled: true };
    for (const [method, form] of [['GET'], ['PATCH', flags], ['DELETE']] as const)
      expect(await refusal(node.v0(method, '/domains/never.example', form))).toEqual([404, 'not_found']);
  });

  it('refuses a domain whose mail goes elsewhere, unless that is wished, and one of which the DNS can’t say', async () => {
    zone.set(`MX ${NAME}`, ['1 mx.google.example']);
    const { status, body } = await bring();
    expect([status, body.code, body.fix]).toEqual([
      422,
      'unprocessable',
      expect.stringContaining('allow_conflicting_provider'),
    ]);
    expect(JSON.stringify(body)).not.toContain('google');
    zone.set(`MX ${NAME}`, 'failing');
    expect(await refusal(bring())).toEqual([503, 'service_unavailable']);
    expect((await node.v0('GET', '/domains')).body.count).toBe(0);
    expect((await bring({ allow_conflicting_provider: true })).status).toBe(200);
    zone.set('MX ours.example', ['5 MX.example.com.']);
    expect((await bring({ domain: 'ours.example' })).status).toBe(200);
  });

  it('is 422 on a host that has no name for mail', async () => {
    await using nameless = await mailboxNode({ hasMx: false });
    const { status, body } = await nameless.v0('POST', '/domains', { domain: NAME });
    expect([status, body.code, body.fix]).toEqual([422, 'unprocessable', expect.stringContaining('--mailbox-mx')]);
    expect((await nameless.v0('GET', '/domains')).body.count).toBe(0);
  });
});

describe('POST /v0/domains/:domain_id/verify', () => {
  it('says of each record whether it is right, and of the domain when all are', async () => {
    const { body } = await bring();
    expect(await look()).toBe(204);
    expect(await shown()).toMatchObject({ status: 'PENDING', reason: 'dns_records_missing' });
    publish(zone, body.records);
    const [mx, spf, dkim] = body.records;
    zone.set(`MX ${NAME}`, ['10 mx.example.com', '20 mx.google.example']);
    zone.set(NAME, ['v=spf1 include:other.example -all', 'other=1']);
    zone.set(dkim.name, ['v=DKIM1; k=rsa; p=MIIB']);
    await look();
    const wrong = await shown();
    expect(wrong).toMatchObject({ status: 'INVALID', reason: 'dns_records_invalid' });
    expect(wrong.records.map((one: { status: string; reason?: string }) => [one.status, one.reason])).toEqual([
      ['INVALID', 'duplicate_records'],
      ['INVALID', 'value_mismatch'],
      ['INVALID', 'value_mismatch'],
      ['VALID', undefined],
    ]);
    expect(JSON.stringify(wrong), 'no answer of the DNS is told').not.toMatch(/google|other/);
    publish(zone, [mx, dkim]);
    zone.set(NAME, ['v=spf1 include:other.example a:mx.example.com -all', 'other=1']);
    zone.set(`_dmarc.${NAME}`, ['v=DMARC1; p=reject; rua=mailto:a@b.example']);
    await look();
    const right = await shown();
    expect([right.status, right.reason]).toEqual(['VERIFIED', undefined]);
    expect(spf.status).toBe('MISSING');
  });

  it('asks at most 12 questions, once in ten seconds, and is 503 when the DNS says nothing', async () => {
    await bring({ subdomains_enabled: true });
    dns.asked.length = 0;
    expect(await look()).toBe(204);
    expect(dns.asked).toHaveLength(5);
    const again = await node.v0('POST', `/domains/${NAME}/verify`);
    expect([again.status, again.body.code]).toEqual([409, 'conflict']);
    await node.clock.advance(9_999);
    expect((await node.v0('POST', `/domains/${NAME}/verify`)).status).toBe(409);
    expect(dns.asked).toHaveLength(5);
    const before = await shown();
    for (const { type, name } of before.records)
      zone.set(type === 'TXT' ? name : `MX ${name.replace('*', 'mesh-check')}`, 'failing');
    expect(await look()).toBe(503);
    expect(await shown()).toEqual(before);
  });

  it('tells of a domain that is right, once, in the members of AgentMail', async () => {
    await verified();
    await look();
    const connection = openForReading(node.directory);
    const told = new EventReader(connection).told({ after: 0, limit: 9, bytes: 1e6 });
    connection.close();
    expect(told).toHaveLength(1);
    const [{ eventId = '', payload = '', ...one } = {}] = told;
    expect(one).toEqual({ row: 1, type: 'domain.verified', inboxId: undefined, podId: undefined });
    const { updated_at, ...domain } = await shown();
    expect(JSON.parse(payload)).toMatchObject({
      ...{ type: 'event', event_type: 'domain.verified', event_id: eventId, domain },
    });
    zone.delete(`_dmarc.${NAME}`);
    await look();
    expect((await shown()).status).toBe('PENDING');
    expect(updated_at).toBeDefined();
    const { body } = await node.v0('GET', '/metrics?event_types=domain.verified');
    expect(body['domain.verified']).toMatchObject([{ count: 1 }]);
  });
});

describe('PATCH /v0/domains/:domain_id', () => {
  it('asks for one record more where subdomains are wanted, and is not verified until that is right', async () => {
    await verified();
    expect(await refusal(node.v0('PATCH', `/domains/${NAME}`, {}))).toEqual([400, 'validation_error']);
    const { body } = await node.v0('PATCH', `/domains/${NAME}`, { subdomains_enabled: true, feedback_enabled: false });
    expect(body).toMatchObject({ status: 'PENDING', subdomains_enabled: true, feedback_enabled: false });
    expect(body.records[4]).toMatchObject({ type: 'MX', name: `*.${NAME}`, status: 'MISSING' });
    publish(zone, body.records);
    await look();
    expect((await makeInbox(`eu.${NAME}`)).body.inbox_id).toBe(`support@eu.${NAME}`);
    const back = (await node.v0('PATCH', `/domains/${NAME}`, { subdomains_enabled: false })).body;
    expect([back.status, back.records.length]).toEqual(['VERIFIED', 4]);
  });

  it('has pictures at a name of the domain, where the host is reached by one', async () => {
    await using reached = await mailboxNode({ dns: dns.at, publicUrl: PUBLIC_URL });
    const { body } = await reached.v0('POST', '/domains', { domain: NAME, tracking_enabled: true });
    expect(body.records.at(-1)).toMatchObject({ type: 'CNAME', name: `link.${NAME}`, value: 'public.example.com' });
    publish(zone, body.records);
    await reached.v0('POST', `/domains/${NAME}/verify`);
    expect((await reached.v0('GET', `/domains/${NAME}`)).body.status).toBe('VERIFIED');
    const { inbox_id: from } = (await reached.v0('POST', '/inboxes', { username: 'a', domain: NAME })).body;
    const mail = { to: from, html: '<p>Hello</p>', track_opens: true };
    const { message_id: id } = (await reached.v0('POST', `/inboxes/${from}/messages/send`, mail)).body;
    const { html } = (await reached.v0('GET', `/inboxes/${from}/messages/${encodeURIComponent(id)}`)).body;
    expect(html).toContain(`<img src="https://link.${NAME}/mesh/v0/opens/`);
    const passed = { to: from, html: '<p>See</p>' };
    const path = `/inboxes/${from}/messages/${encodeURIComponent(id)}/forward`;
    const { message_id: next } = (await reached.v0('POST', path, passed)).body;
    const forwarded = (await reached.v0('GET', `/inboxes/${from}/messages/${encodeURIComponent(next)}`)).body;
    expect(forwarded.html).toContain('Hello');
    expect(forwarded.html).not.toContain('/opens/');
  });
});

describe('an inbox', () => {
  it('is made in a domain that is verified, and keeps it', async () => {
    await bring();
    expect(await refusal(makeInbox(NAME))).toEqual([403, 'domain_not_verified']);
    await verified();
    expect(await refusal(makeInbox(`eu.${NAME}`))).toEqual([403, 'domain_not_verified']);
    const { inbox_id: inboxId } = (await makeInbox(NAME.toUpperCase())).body;
    expect(inboxId).toBe(`support@${NAME}`);
    const { status, body } = await node.v0('DELETE', `/domains/${NAME}`);
    expect([status, body.code]).toEqual([403, 'cannot_delete']);
    await node.v0('DELETE', `/inboxes/${inboxId}`);
    expect((await node.v0('DELETE', `/domains/${NAME}`)).status).toBe(204);
    expect((await node.v0('GET', '/domains')).body.count).toBe(0);
    expect(await refusal(makeInbox(NAME))).toEqual([403, 'domain_not_verified']);
  });
});

describe('DELETE /v0/domains/:domain_id', () => {
  it('is refused for inboxes below the domain, and not for those of the host or of another domain', async () => {
    await verified({ domain: 'example.com', subdomains_enabled: true });
    await verified({ domain: 'acme.example.com' });
    for (const domain of ['agents.example.com', 'acme.example.com']) await makeInbox(domain);
    const { inbox_id: inboxId } = (await makeInbox('eu.example.com')).body;
    expect(await refusal(node.v0('DELETE', '/domains/example.com'))).toEqual([403, 'cannot_delete']);
    await node.v0('DELETE', `/inboxes/${inboxId}`);
    expect(await refusal(node.v0('DELETE', '/domains/acme.example.com'))).toEqual([403, 'cannot_delete']);
    expect((await node.v0('DELETE', '/domains/example.com')).status).toBe(204);
  });
});

describe('a domain of a pod', () => {
  it('is of that pod alone, keeps the pod from ending, and is counted as the pod’s', async () => {
    const [a, b] = [await node.v0('POST', '/pods', { name: 'A' }), await node.v0('POST', '/pods', { name: 'B' })];
    const [podA, podB] = [`/pods/${a.body.pod_id}`, `/pods/${b.body.pod_id}`];
    await verified({}, podA);
    expect((await shown()).pod_id).toBe(a.body.pod_id);
    expect(await refusal(node.v0('GET', `${podB}/domains/${NAME}`))).toEqual([404, 'not_found']);
    for (const path of [podB, '']) expect(await refusal(makeInbox(NAME, path))).toEqual([403, 'domain_not_verified']);
    const { api_key: key } = (await node.v0('POST', `${podA}/api-keys`, {})).body;
    const asA = { authorization: `Bearer ${key}` };
    const wish = { username: 'sales', domain: NAME };
    const { body: inbox } = await node.v0('POST', '/inboxes', wish, asA);
    expect(inbox).toMatchObject({ inbox_id: `sales@${NAME}`, pod_id: a.body.pod_id });
    await node.v0('DELETE', `/inboxes/${inbox.inbox_id}`);
    expect(await refusal(node.v0('DELETE', podA))).toEqual([403, 'cannot_delete']);
    await node.clock.advance(5_000);
    const used = async (path: string) => {
      const { body } = await node.v0('GET', `${path}/metrics/usage?usage_types=domain_count`);
      return body.domain_count.at(-1).value;
    };
    expect([await used(podA), await used(podB), await used('')]).toEqual([1, 0, 1]);
    for (const domain of ['agents.example.com', 'x.agents.example.com', 'example.com'])
      expect(await refusal(node.v0('POST', '/domains', { domain }, asA))).toEqual([403, 'resource_taken']);
    expect((await node.v0('DELETE', `/domains/${NAME}`, undefined, asA)).status).toBe(204);
    expect((await node.v0('DELETE', podA)).status).toBe(204);
  });

  it('is nothing to the key of an inbox', async () => {
    const { inbox_id: inboxId, pod_id: podId } = (await node.v0('POST', '/inboxes', { username: 'a' })).body;
    expect((await bring({}, `/pods/${podId}`)).body.pod_id).toBe(podId);
    const { api_key: key } = (await node.v0('POST', `/inboxes/${inboxId}/api-keys`, {})).body;
    const mine = { authorization: `Bearer ${key}` };
    expect((await node.v0('GET', '/domains', undefined, mine)).body.domains).toEqual([]);
    expect(await refusal(node.v0('GET', `/domains/${NAME}`, undefined, mine))).toEqual([404, 'not_found']);
    expect(await refusal(node.v0('POST', '/domains', { domain: NAME }, mine))).toEqual([403, 'forbidden']);
  });
});
