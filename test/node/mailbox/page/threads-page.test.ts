// Threads and mails as people read them: lists, search, one thread, one mail as text and in its frame, files, labels.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ANN,
  at,
  BOB,
  inboxAt,
  type MailboxPageWorld,
  mailboxPageWorld,
  nextOf,
  rowsOf,
  saidBy,
  sentTo,
} from '../../../support/mailbox-page-world.ts';

const THREADS = '/page/mailbox/threads';
const base64 = (text: string) => Buffer.from(text).toString('base64');

let world: MailboxPageWorld;

beforeEach(async () => {
  world = await mailboxPageWorld();
});

afterEach(() => world[Symbol.asyncDispose]());

describe('the page of threads', () => {
  it('lists those of all inboxes, and of one', async () => {
    await world.send({ subject: 'Hello <b>', text: 'Hi' });
    const all = rowsOf(await world.visitor.get(THREADS));
    expect(all).toHaveLength(2);
    expect(all.join()).toContain('Hello &lt;b&gt;');
    expect(all.join()).toMatch(new RegExp(`${BOB.split('@')[0]}@.*agents`));
    expect(rowsOf(await world.visitor.get(inboxAt(BOB)))).toEqual([
      expect.stringMatching(/^Hello &lt;b&gt; ann@.* received, unread$/),
    ]);
  });

  it('is paged, each thread once', async () => {
    for (let count = 0; count < 27; count += 1) await world.send({ subject: `Mail ${count}`, text: 'Hi' });
    const first = await world.visitor.get(THREADS);
    const second = await world.visitor.get(nextOf(first) ?? '');
    expect([rowsOf(first).length, rowsOf(second).length, nextOf(second)]).toEqual([50, 4, undefined]);
    const subjects = [...rowsOf(first), ...rowsOf(second)].map((row) => /^Mail \d+/.exec(row)?.[0]);
    expect(new Set(subjects).size).toBe(27);
  });

  it('finds by words, in all inboxes and in one, and shows that nothing was found', async () => {
    await world.send({ subject: 'Invoice', text: 'A peculiar sentence' });
    await world.send({ subject: 'Other', text: 'Nothing' });
    expect(rowsOf(await world.visitor.get(`${THREADS}?q=peculiar`))).toHaveLength(2);
    expect(rowsOf(await world.visitor.get(`${inboxAt(BOB)}?q=PECULIAR+invoice`))).toHaveLength(1);
    expect((await world.visitor.get(`${THREADS}?q=nowhere`)).html).toContain('No mail has all of these words.');
    expect((await world.visitor.get(`${THREADS}?q=%21%21`)).status).toBe(400);
    expect(
      (await world.visitor.get(`${THREADS}?q=${Array.from({ length: 21 }, (_, at) => `a${at}`).join('+')}`)).status,
    ).toBe(400);
  });

  it('shows those with a label, and those of a pod', async () => {
    const { messageId } = await world.send({ subject: 'One', text: 'Hi' });
    await world.send({ subject: 'Two', text: 'Hi' });
    await world.v0('PATCH', `/inboxes/${BOB}/messages/${at(messageId)}`, { add_labels: ['a&b'] });
    const { html } = await world.visitor.get(inboxAt(BOB));
    expect(html).toContain(`href="${inboxAt(BOB)}?label=a%26b"`);
    expect(rowsOf(await world.visitor.get(`${inboxAt(BOB)}?label=a%26b`))).toEqual([expect.stringMatching(/^One /)]);
    const { body: pod } = await world.v0('POST', '/pods', { name: 'Acme' });
    expect((await world.visitor.get(`${THREADS}?pod=${pod.pod_id}`)).html).toContain('Of the pod Acme');
    expect(rowsOf(await world.visitor.get(`${THREADS}?pod=${pod.pod_id}`))).toEqual([]);
    expect((await world.visitor.get(`${THREADS}?pod=nowhere`)).status).toBe(404);
  });
});

describe('the page of a thread', () => {
  it('shows what its mails say as text alone, with the way to each', async () => {
    const { messageId, threadId } = await world.send({ subject: 'Hi', text: '<i>x</i>', html: '<p>Hi</p>' });
    const { html } = await world.visitor.get(inboxAt(BOB, 'threads', threadId));
    expect(html).toContain('&lt;i&gt;x&lt;/i&gt;');
    expect(html).not.toContain('<iframe');
    expect(html).toContain(`href="${inboxAt(BOB, 'messages', messageId)}?view=html"`);
  });

  it('shows tabs and line ends as such', async () => {
    const { threadId } = await world.send({ text: 'a\tb\r\nc' });
    expect((await world.visitor.get(inboxAt(BOB, 'threads', threadId))).html).toContain('>a    b\nc<');
  });

  it('is not there in another inbox', async () => {
    const { threadId } = await world.send({ text: 'Hi' });
    expect((await world.visitor.get(inboxAt(ANN, 'threads', threadId))).status).toBe(404);
    expect((await world.visitor.get(inboxAt(BOB, 'threads', 'none'))).status).toBe(404);
    expect((await world.visitor.get(inboxAt('eve@agents.example.com', 'threads', threadId))).status).toBe(404);
  });
});

describe('the page of a mail', () => {
  it('shows its HTML in a frame that can do nothing, and only when it is asked for', async () => {
    const html = '<p>Hello</p><script>alert(1)</script><img src="https://evil.example/x.png">';
    const { messageId } = await world.send({ subject: 'Hi', text: 'Hello', html });
    const path = inboxAt(BOB, 'messages', messageId);
    const plain = await world.visitor.get(path);
    expect(plain.html).not.toContain('<iframe');
    expect(plain.headers.get('content-security-policy')).not.toContain('frame-src');
    const shown = await world.visitor.get(`${path}?view=html`);
    expect(shown.html).toContain(`<iframe class="foreign" sandbox="" src="${path}/html"`);
    expect(shown.headers.get('content-security-policy')).toContain("frame-src 'self'");
    const frame = await world.visitor.get(`${path}/html`);
    expect(frame.html).toContain('<p>Hello</p>');
    expect(frame.html).not.toMatch(/script|evil/);
    expect(frame.headers.get('content-security-policy')).toBe(
      "sandbox; default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
    );
    expect(frame.headers.get('x-content-type-options')).toBe('nosniff');
    expect(frame.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('is a 404 where there is none', async () => {
    const { messageId } = await world.send({ text: 'Hi' });
    const elsewhere = inboxAt('bob@other.example.com', 'messages', messageId);
    for (const path of [inboxAt(BOB, 'messages', '<none@y.com>'), elsewhere])
      for (const more of ['', '/html', '/raw', '/attachments/1-00000000'])
        expect((await world.visitor.get(path + more)).status, path + more).toBe(404);
  });

  it('has its files and itself as downloads, which no browser shows', async () => {
    const attachments = [{ filename: 'a "b".html', content_type: 'text/html', content: base64('<script>1</script>') }];
    const { messageId } = await world.send({ text: 'Hi', attachments });
    const path = inboxAt(BOB, 'messages', messageId);
    const { html } = await world.visitor.get(path);
    const file = new RegExp(
      `href="(${path}/attachments/[^"]+)" download>a &quot;b&quot;.html</a> \\(text/html, 18 B\\)`,
    );
    for (const link of [file.exec(html)?.[1] ?? '', `${path}/raw`]) {
      const found = await world.visitor.get(link);
      expect([found.status, sentTo(found)]).toEqual([302, expect.stringMatching(/^\/v0\/files\//)]);
      const got = await world.visitor.get(sentTo(found));
      expect(got.status).toBe(200);
      expect(got.headers.get('content-disposition')).toContain('attachment;');
      expect(got.headers.get('content-security-policy')).toBe("sandbox; default-src 'none'");
    }
  });

  it('shows what is very long as far as a browser should take it', async () => {
    const { messageId } = await world.send({ text: `${'x'.repeat(600_000)}\n` });
    const { html } = await world.visitor.get(inboxAt(BOB, 'messages', messageId));
    expect(html).toMatch(/And 75,71[23] characters more, which are left out here\./);
    expect(html.length).toBeLessThan(600_000);
  });
});

describe('the labels of a mail', () => {
  const changed = async (fields: Readonly<Record<string, string>>) => {
    const { messageId } = await world.send({ text: 'Hi' });
    const path = inboxAt(BOB, 'messages', messageId);
    const seen = await world.visitor.post(`${path}/labels`, fields);
    const { labels } = (await world.v0('GET', `/inboxes/${BOB}/messages/${at(messageId)}`)).body;
    return { seen, labels, path };
  };

  it('are added and taken away', async () => {
    const added = await changed({ label: 'vip', do: 'add' });
    expect([added.seen.status, sentTo(added.seen), saidBy(added.seen)]).toEqual([303, added.path, 'mailLabelled']);
    expect(added.labels).toEqual(['received', 'unread', 'vip']);
    expect((await changed({ label: 'unread', do: 'remove' })).labels).toEqual(['received']);
  });

  it.each([
    ['', 'must have 1 to 100 characters'],
    ['sent', 'is set by the host alone'],
    ['a,b', 'no commas'],
  ])('are not changed by %j', async (label, why) => {
    const { seen, labels } = await changed({ label, do: 'add' });
    expect([seen.status, labels]).toEqual([400, ['received', 'unread']]);
    expect(seen.html).toContain(why);
  });
});
