// Whose a domain is that several bring: whoever shows in its DNS that it is his own, however early others have named it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UNPROVED_OF_POD_MAX } from '../../../../node/mailbox/domain.ts';
import type { DnsServer } from '../../../support/dns-server.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { publish, serveZone, type Zone } from '../../../support/zone.ts';

const NAME = 'acme.example';
const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;
const TAKEN = [403, 'resource_taken'];

let zone: Zone;
let dns: DnsServer;
let node: MailboxNode;
let podA: string;
let podB: string;

beforeEach(async () => {
  zone = new Map();
  dns = await serveZone(zone);
  node = await mailboxNode({ dns: dns.at });
  [podA, podB] = [await pod('A'), await pod('B')];
});

afterEach(async () => {
  await node[Symbol.asyncDispose]();
  await dns[Symbol.asyncDispose]();
});

const pod = async (name: string) => `/pods/${(await node.v0('POST', '/pods', { name })).body.pod_id}`;
const bring = (path: string, domain = NAME) => node.v0('POST', `${path}/domains`, { domain });
const shown = async (path: string, domain = NAME) => (await node.v0('GET', `${path}/domains/${domain}`)).body;
const look = async (path: string, domain = NAME) => {
  await node.clock.advance(10_000);
  expect((await node.v0('POST', `${path}/domains/${domain}/verify`)).status).toBe(204);
  const { status, reason } = await shown(path, domain);
  return [status, reason];
};
const prove = async (path: string, domain = NAME) => {
  const { body } = await bring(path, domain);
  publish(zone, body.records);
  return await look(path, domain);
};
const unpublishKey = async (path: string) => {
  for (const { name } of (await shown(path)).records) if (name.includes('_domainkey')) zone.delete(name);
};
const refusal = async (asked: ReturnType<MailboxNode['v0']>) => {
  const { status, body } = await asked;
  return [status, body.code];
};

describe('a domain that several bring', () => {
  it('is of whoever publishes his key first, and the others are told so', async () => {
    const [a, b] = [(await bring(podA)).body, (await bring(podB)).body];
    const keyOf = (body: { records: { name: string; value: string }[] }) =>
      body.records.find(({ name }) => name.includes('_domainkey'));
    expect(keyOf(a)).not.toEqual(keyOf(b));
    expect([a.pod_id, b.pod_id]).toEqual([podA, podB].map((path) => path.slice('/pods/'.length)));
    publish(zone, b.records);
    expect(await look(podA)).toEqual(['PENDING', 'dns_records_missing']);
    expect(await look(podB)).toEqual(['VERIFIED', undefined]);
    publish(zone, a.records);
    expect(await look(podA)).toEqual(['PENDING', 'verified_by_another']);
    expect(await look(podB)).toEqual(['VERIFIED', undefined]);
    expect(await refusal(node.v0('POST', `${podA}/inboxes`, { username: 'x', domain: NAME }))).toEqual([
      ...[403, 'domain_not_verified'],
    ]);
    expect((await node.v0('POST', `${podB}/inboxes`, { username: 'x', domain: NAME })).status).toBe(200);
    expect((await node.v0('GET', '/domains')).body.count).toBe(2);
    expect((await node.v0('GET', `${podA}/domains`)).body.domains).toMatchObject([{ pod_id: a.pod_id }]);
  });

  it('can be looked up by each, however often another has just done so', async () => {
    for (const path of [podA, podB]) await bring(path);
    await node.clock.advance(10_000);
    for (const path of [podA, podB]) expect((await node.v0('POST', `${path}/domains/${NAME}/verify`)).status).toBe(204);
  });

  it('is brought by nobody else once one has it, until that is deleted', async () => {
    expect(await prove(podA)).toEqual(['VERIFIED', undefined]);
    for (const path of [podB, '']) expect(await refusal(bring(path))).toEqual(TAKEN);
    expect((await node.v0('DELETE', `${podA}/domains/${NAME}`)).status).toBe(204);
    expect(await prove(podB)).toEqual(['VERIFIED', undefined]);
  });

  it('is another’s once it was wrong for a week and that one’s is right, and only then', async () => {
    await prove(podA);
    await unpublishKey(podA);
    expect((await look(podA))[0]).toBe('PENDING');
    expect(await refusal(bring(podB))).toEqual(TAKEN);
    await node.clock.advance(WEEK_MS);
    expect((await look(podA))[0]).toBe('FAILED');
    const { body } = await bring(podB);
    expect((await shown('')).pod_id, 'the organization is shown who had it').toBe(podA.slice('/pods/'.length));
    publish(zone, body.records);
    expect(await look(podB)).toEqual(['VERIFIED', undefined]);
    publish(zone, (await shown(podA)).records);
    expect(await look(podA)).toEqual(['PENDING', 'verified_by_another']);
    const start = new Date(node.clock.wallMs() - 2 * WEEK_MS).toISOString();
    const { body: counted } = await node.v0('GET', `/metrics?event_types=domain.verified&period=86400&start=${start}`);
    expect(counted['domain.verified'].map(({ count }: { count: number }) => count)).toEqual([1, 1]);
    for (const path of [podA, podB]) {
      const { body: own } = await node.v0('GET', `${path}/metrics?event_types=domain.verified&start=${start}`);
      expect(own['domain.verified']).toMatchObject([{ count: 1 }]);
    }
    expect((await node.v0('DELETE', `${podA}/domains/${NAME}`)).status).toBe(204);
    const { body: kept } = await node.v0('GET', `${podA}/metrics?event_types=domain.verified&start=${start}`);
    expect(kept['domain.verified'], 'it has happened all the same').toMatchObject([{ count: 1 }]);
  });

  it('is deleted by each for himself, whoever has inboxes in it', async () => {
    await bring(podA);
    await prove(podB);
    await node.v0('POST', `${podB}/inboxes`, { username: 'x', domain: NAME });
    expect((await node.v0('DELETE', `${podA}/domains/${NAME}`)).status).toBe(204);
    expect(await refusal(node.v0('DELETE', `${podB}/domains/${NAME}`))).toEqual([403, 'cannot_delete']);
    expect((await node.v0('DELETE', podA)).status).toBe(204);
  });
});

describe('domains that are never right', () => {
  it('are few in one pod, and others bring theirs', async () => {
    for (let at = 0; at < UNPROVED_OF_POD_MAX; at += 1) expect((await bring(podA, `${at}.example`)).status).toBe(200);
    expect(await refusal(bring(podA))).toEqual([403, 'limit_exceeded']);
    expect((await bring(podB)).status).toBe(200);
    expect(await prove(podB)).toEqual(['VERIFIED', undefined]);
  });
});

describe('an inbox in a domain that is then another pod’s', () => {
  const inbox = `support@${NAME}`;
  const path = `/inboxes/${inbox}`;
  const unavailable = async () => (await node.v0('GET', path)).body.unavailable?.code;

  beforeEach(async () => {
    const agent = { name: 'helper', tools: { email: { addresses: [{ address: inbox }] } } };
    expect((await node.ask('POST', '/api/agents', agent)).status).toBe(201);
    expect((await node.v0('POST', `${podA}/inboxes`, { username: 'support', domain: NAME })).status).toBe(200);
    expect(await unavailable()).toBeUndefined();
  });

  it('neither gets nor sends mail, keeps what it has, and its address is free for that pod when it is deleted', async () => {
    await node.v0('POST', '/inboxes', { username: 'b' });
    const mail = { to: inbox, subject: 'Hello', text: 'x' };
    const write = () => node.v0('POST', '/inboxes/b@agents.example.com/messages/send', mail);
    expect((await write()).status).toBe(200);
    await prove(podB);
    expect(await unavailable()).toBe('address_foreign');
    expect(await refusal(write())).toEqual([403, 'message_rejected']);
    const own = { to: 'b@agents.example.com', text: 'x' };
    expect(await refusal(node.v0('POST', `${path}/messages/send`, own))).toEqual([403, 'forbidden']);
    expect((await node.v0('GET', `${podA}${path}`)).status).toBe(200);
    expect((await node.v0('GET', `${path}/messages`)).body.messages).toMatchObject([{ subject: 'Hello' }]);
    const wish = { username: 'support', domain: NAME };
    expect(await refusal(node.v0('POST', `${podB}/inboxes`, wish))).toEqual(TAKEN);
    await node.v0('DELETE', path);
    expect((await node.v0('POST', `${podB}/inboxes`, wish)).status).toBe(200);
    expect(await unavailable()).toBeUndefined();
    expect((await write()).status).toBe(200);
  });

  it('goes on where the organization has the domain, and no other is made where a pod has it', async () => {
    await prove('');
    expect(await unavailable()).toBeUndefined();
    await node.v0('DELETE', path);
    await node.v0('DELETE', `/domains/${NAME}`);
    await prove(podB);
    const refused = await node.v0('POST', '/inboxes', { username: 'support', domain: NAME });
    expect([refused.status, refused.body.code, refused.body.fix]).toEqual([
      ...[403, 'domain_not_verified', 'Make the inbox in the pod that has brought the domain.'],
    ]);
  });

  it('is no reason to keep the domain, and is told of by a mail server as one that takes no mail', async () => {
    await prove(podB);
    const ingest = await node.node.fetch(
      new Request(`http://localhost/api/mailbox/ingest?to=${inbox}`, {
        method: 'POST',
        headers: { host: 'localhost', authorization: `Bearer ${node.key}`, 'content-type': 'message/rfc822' },
        body: 'From: jane@y.com\r\nMessage-ID: <1@y.com>\r\n\r\nHello.\r\n',
      }),
    );
    expect(ingest.status).toBe(404);
    expect((await node.v0('DELETE', `${podB}/domains/${NAME}`)).status).toBe(204);
    expect(await unavailable()).toBeUndefined();
  });
});
