// Quarantine, lists, domains and pods as people see and change them.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mailOf } from '../../../support/mail-structure.ts';
import {
  ANN,
  inboxAt,
  type MailboxPageWorld,
  mailboxPageWorld,
  nextOf,
  rowsOf,
  saidBy,
  sentTo,
  TOKEN,
} from '../../../support/mailbox-page-world.ts';

const QUARANTINE = '/page/mailbox/quarantine';
const LISTS = '/page/mailbox/lists';
const DOMAINS = '/page/mailbox/domains';

let world: MailboxPageWorld;

beforeEach(async () => {
  world = await mailboxPageWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

const receive = (id: string, subject = 'Hi') =>
  world.receive(mailOf(`Message-ID: ${id}`, 'From: jane@y.com', `Subject: ${subject}`, '', 'Words.'));
const threads = async () => (await world.v0('GET', `/inboxes/${ANN}/threads`)).body.threads;

describe('quarantine', () => {
  it('lists what is held back, by why it is, with how much that is in its tab', async () => {
    await receive('<1@y.com>', 'One');
    await receive('<2@y.com>', 'Two');
    await world.v0('PATCH', `/inboxes/${ANN}/messages/%3C2@y.com%3E`, { add_labels: ['spam'] });
    const seen = await world.visitor.get(QUARANTINE);
    expect(rowsOf(seen).map((row) => row.slice(0, 3))).toEqual(['Two', 'One']);
    expect(seen.html).toContain('Quarantine (2)');
    expect(rowsOf(await world.visitor.get(`${QUARANTINE}?label=spam`))).toHaveLength(1);
    expect(rowsOf(await world.visitor.get(`${QUARANTINE}?label=unauthenticated`))).toHaveLength(2);
    expect(rowsOf(await world.visitor.get(`${QUARANTINE}?label=blocked`))).toHaveLength(0);
    expect((await world.visitor.get(`${QUARANTINE}?label=trash`)).status).toBe(400);
  });

  it('is paged, each mail once', async () => {
    for (let count = 0; count < 53; count += 1) await receive(`<${count}@y.com>`, `Mail ${count}`);
    const first = await world.visitor.get(QUARANTINE);
    const second = await world.visitor.get(nextOf(first) ?? '');
    const all = [...rowsOf(first), ...rowsOf(second)].map((row) => /^Mail \d+/.exec(row)?.[0]);
    expect([rowsOf(first).length, new Set(all).size, nextOf(second)]).toEqual([50, 53, undefined]);
  });

  it('releases a mail into its inbox', async () => {
    const id = await receive('<1@y.com>');
    const path = inboxAt(ANN, 'messages', id);
    expect((await world.visitor.get(path)).html).toContain('Release into the inbox');
    const seen = await world.visitor.post(`${path}/release`, { back: 'quarantine' });
    expect([seen.status, sentTo(seen), saidBy(seen)]).toEqual([303, QUARANTINE, 'mailReleased']);
    expect((await threads()).map(({ labels }: { labels: string[] }) => labels)).toEqual([['received', 'unread']]);
    expect((await world.visitor.get(QUARANTINE)).html).toContain('Nothing is held back.');
    expect((await world.visitor.post(`${inboxAt(ANN, 'messages', '<9@y.com>')}/release`)).status).toBe(404);
  });
});

describe('lists', () => {
  const entries = async (path: string) =>
    (await world.v0('GET', path)).body.entries.map(({ entry, reason }: never) => [entry, reason]);

  it('of the organization, a pod and an inbox get entries and lose them', async () => {
    const { body: pod } = await world.v0('POST', '/pods', { name: 'Acme' });
    for (const [of, below] of [
      ['', ''],
      [pod.pod_id, `/pods/${pod.pod_id}`],
      [ANN, `/inboxes/${ANN}`],
    ] as const) {
      const list = { of, direction: 'receive', type: 'block' };
      const added = await world.visitor.post(`${LISTS}/add`, { ...list, entry: ' Spam.example ', reason: 'ads' });
      expect([added.status, saidBy(added)]).toEqual([303, 'entryAdded']);
      expect(await entries(`${below}/lists/receive/block`)).toEqual([['spam.example', 'ads']]);
      expect(saidBy(await world.visitor.post(`${LISTS}/add`, { ...list, entry: 'spam.example' }))).toBe('entryKnown');
      const shown = await world.visitor.get(sentTo(added));
      expect(rowsOf(shown)).toEqual([expect.stringMatching(/^spam\.example a domain ads .* Take out spam\.example$/)]);
      const removed = await world.visitor.post(`${LISTS}/remove`, { ...list, entry: 'spam.example' });
      expect(saidBy(removed)).toBe('entryRemoved');
      expect(await entries(`${below}/lists/receive/block`)).toEqual([]);
    }
  });

  it.each([
    [{ entry: 'not an address' }, 400],
    [{ entry: '' }, 400],
    [{ type: 'allow', entry: 'x.example', reason: 'no' }, 400],
    [{ direction: 'sideways', entry: 'x.example' }, 400],
    [{ type: 'odd', entry: 'x.example' }, 400],
    [{ of: 'nobody@agents.example.com', entry: 'x.example' }, 404],
    [{ of: 'no-pod', entry: 'x.example' }, 404],
  ])('refuse %j with %i', async (fields, status) => {
    const list = { of: '', direction: 'receive', type: 'block', ...fields };
    expect((await world.visitor.post(`${LISTS}/add`, list)).status).toBe(status);
    expect(await entries('/lists/receive/block')).toEqual([]);
  });

  it('refuse to take out what is not there, and are 400 and 404 for lists that there are none of', async () => {
    const list = { of: '', direction: 'send', type: 'block' };
    for (const entry of ['x.example', ''])
      expect((await world.visitor.post(`${LISTS}/remove`, { ...list, entry })).status).toBe(404);
    expect((await world.visitor.get(`${LISTS}?direction=odd`)).status).toBe(400);
    expect((await world.visitor.get(`${LISTS}?of=nobody%40x.com`)).status).toBe(404);
  });

  it('are paged', async () => {
    for (let count = 100; count < 151; count += 1)
      await world.v0('POST', '/lists/send/block', { entry: `d${count}.example` });
    const first = await world.visitor.get(`${LISTS}?direction=send`);
    expect([rowsOf(first).length, rowsOf(await world.visitor.get(nextOf(first) ?? ''))]).toEqual([
      50,
      [expect.stringMatching(/^d150\.example /)],
    ]);
  });
});

describe('domains', () => {
  const zoneOf = async (name: string) => {
    const headers = { host: 'localhost', authorization: `Bearer ${TOKEN}` };
    const asked = new Request(`http://localhost/v0/domains/${name}/zone-file`, { headers });
    return await (await world.node.fetch(asked)).text();
  };

  const bring = (fields: Readonly<Record<string, string>> = {}) =>
    world.visitor.post(`${DOMAINS}/add`, { domain: 'acme.example', elsewhere: 'on', ...fields });

  it('are brought, shown with what is to be published, looked up, and taken away', async () => {
    const brought = await bring({ subdomains: 'on' });
    expect([brought.status, sentTo(brought), saidBy(brought)]).toEqual([303, `${DOMAINS}/acme.example`, 'domainAdded']);
    const { body } = await world.v0('GET', '/domains/acme.example');
    const { html } = await world.visitor.get(`${DOMAINS}/acme.example`);
    for (const { name, value } of body.records)
      for (const text of [name, value]) expect(html.replaceAll('<wbr>', '')).toContain(text);
    expect(html).not.toContain('\\u0009');
    expect(body.subdomains_enabled).toBe(true);
    const zone = await world.visitor.get(`${DOMAINS}/acme.example/zone-file`);
    expect(zone.html).toBe(await zoneOf('acme.example'));
    expect(zone.headers.get('content-disposition')).toBe('attachment; filename="acme.example.zone"');
    expect(rowsOf(await world.visitor.get(DOMAINS))).toEqual([
      expect.stringMatching(/^acme\.example . not looked up yet the organization/),
    ]);
    const looked = [1, 2].map(() => world.visitor.post(`${DOMAINS}/acme.example/verify`));
    expect((await Promise.all(looked)).map(({ status }) => status).sort()).toEqual([303, 409]);
    expect(rowsOf(await world.visitor.get(DOMAINS))[0]).toContain('records are missing');
    expect(saidBy(await world.visitor.post(`${DOMAINS}/acme.example/remove`))).toBe('domainRemoved');
    expect((await world.visitor.get(`${DOMAINS}/acme.example`)).status).toBe(404);
  });

  it('are refused where the name is none, the pod is none, or the host has no name for them', async () => {
    expect((await bring({ domain: 'no domain' })).status).toBe(400);
    expect((await bring({ pod: 'none' })).status).toBe(404);
    for (const path of ['verify', 'remove'])
      expect((await world.visitor.post(`${DOMAINS}/x.example/${path}`)).status).toBe(404);
    expect((await world.visitor.get(DOMAINS)).html).toContain('Nobody has brought a domain.');
  });
});

describe('pods', () => {
  it('are listed with what is in each', async () => {
    const { body: pod } = await world.v0('POST', '/pods', { name: 'Acme <1>' });
    await world.v0('POST', `/pods/${pod.pod_id}/inboxes`, { username: 'support' });
    const seen = await world.visitor.get('/page/mailbox/pods');
    expect(rowsOf(seen).toSorted()).toEqual([
      expect.stringMatching(/^Acme &lt;1&gt; acme-1\.agents\.example\.com 1 inboxes of .* 0 threads/),
      expect.stringMatching(/^Default \(the default one\) agents\.example\.com 2 inboxes/),
    ]);
    expect(rowsOf(await world.visitor.get(`/page/mailbox?pod=${pod.pod_id}`))).toHaveLength(1);
    expect((await world.visitor.get('/page/mailbox?pod=none')).status).toBe(404);
  });
});
