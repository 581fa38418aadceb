import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailPart, ReceivedMail } from '../../../../node/mailbox/message.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailboxNode, mailboxNode } from '../../../support/mailbox-node.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const A = 'a@agents.example.com';
const MESSAGES = `/inboxes/${A}/messages`;

let node: MailboxNode;
/** Stores what the intake would. */
let writer: Writer;

beforeEach(async () => {
  node = await mailboxNode();
  for (const username of ['a', 'b']) await node.v0('POST', '/inboxes', { username });
  const made = { random: seededRandom(7), nowMs: 0, hostId: 'mac', chooseThread, baseSubject };
  writer = await Writer.open({ ...made, directory: node.directory });
});

afterEach(async () => {
  writer.close();
  await node[Symbol.asyncDispose]();
});

/** Puts a mail into inbox A, with everything of its own that is not wished for. */
let stored = 0;
const receive = async (wish: MailWish = {}, change: (mail: ReceivedMail) => ReceivedMail = (mail) => mail) => {
  stored += 1;
  const content = { headerId: `<${stored}@y.com>`, ...wish.content };
  const [result] = await writer.store(change(receivedMail({ to: [A], atMs: stored * 1_000, ...wish, content })));
  return { messageId: String(result?.messageId), threadId: String(result?.threadId) };
};

const ids = (body: { messages: { message_id: string }[] }) => body.messages.map(({ message_id }) => message_id);
const at = (path: string) => encodeURIComponent(path);

describe('GET …/messages', () => {
  it('shows the newest first, each with its labels and texts, and nothing that lies in quarantine', async () => {
    const first = await receive({
      content: { text: 'Hello, I need help', extractedText: 'I need help', cc: ['c@x.com'] },
    });
    await receive({ delivery: { mailClass: 'spam' } });
    const second = await receive();
    const { body } = await node.v0('GET', MESSAGES);
    expect(ids(body)).toEqual([second.messageId, first.messageId]);
    expect(body.messages[1]).toMatchObject({
      ...{ inbox_id: A, thread_id: first.threadId, labels: ['received', 'unread'], from: 'Jane <jane@y.com>', to: [A] },
      ...{ cc: ['c@x.com'], subject: 'Hello', text: 'Hello, I need help', extracted_text: 'I need help' },
      ...{ headers: { Subject: 'Hello' }, size: expect.any(Number) },
    });
    expect(body.messages[1]).not.toHaveProperty('bcc');
    expect(body.messages[1]).not.toHaveProperty('html');
  });

  it('leaves a long text to the mail itself', async () => {
    const { messageId } = await receive({ content: { text: 'x'.repeat(20_000) } });
    const { body } = await node.v0('GET', MESSAGES);
    expect(body.messages[0]).not.toHaveProperty('text');
    expect((await node.v0('GET', `${MESSAGES}/${at(messageId)}`)).body.text).toHaveLength(20_000);
  });

  it('pages both ways while others arrive, and shows each once', async () => {
    const made: string[] = [];
    for (let count = 0; count < 5; count += 1) made.push((await receive()).messageId);
    const all = async (query: string) => {
      const seen: string[] = [];
      let token = '';
      for (;;) {
        const { body } = await node.v0('GET', `${MESSAGES}?limit=2${query}${token}`);
        seen.push(...ids(body));
        if (body.next_page_token === undefined) return seen;
        token = `&page_token=${body.next_page_token}`;
        if (query === '') await receive();
      }
    };
    expect(await all('')).toEqual(made.toReversed());
    expect((await all('&ascending=true')).slice(0, 5)).toEqual(made);
  });

  it('filters by labels, time, sender, recipient and subject, all together', async () => {
    const jane = await receive({ content: { subject: 'Invoice 100%' }, labels: ['automated'] });
    const joe = await receive({ content: { from: 'Joe <joe@z.com>', fromAddress: 'joe@z.com', cc: ['boss@x.com'] } });
    const found = async (query: string) => ids((await node.v0('GET', `${MESSAGES}?${query}`)).body);
    expect(await found('labels=automated')).toEqual([jane.messageId]);
    expect(await found(`labels=${at('["unread","automated"]')}`)).toEqual([jane.messageId]);
    expect(await found('labels=unread,absent')).toEqual([]);
    expect(await found('from=JOE')).toEqual([joe.messageId]);
    expect(await found('to=boss')).toEqual([joe.messageId]);
    expect(await found(`subject=${at('100%')}`)).toEqual([jane.messageId]);
    expect(await found('from=jane&subject=hello')).toEqual([]);
    const time = new Date(stored * 1_000).toISOString();
    expect(await found(`before=${at(time)}`)).toEqual([jane.messageId]);
    expect(await found(`after=${at(time)}`)).toEqual([]);
  });

  it('filters whatever the case of letters, of all alphabets', async () => {
    const one = await receive({
      content: { subject: 'Grüße aus МОСКВА', from: 'Ömer <o@z.com>', fromAddress: 'o@z.com' },
    });
    const found = async (query: string) => ids((await node.v0('GET', `${MESSAGES}?${query}`)).body);
    for (const text of ['GRÜSSE', 'grusse']) expect(await found(`subject=${at(text)}`)).toEqual([]);
    for (const text of ['GRÜßE', 'москва', '_Москва']) {
      const isThere = !text.startsWith('_');
      expect(await found(`subject=${at(text)}`), text).toEqual(isThere ? [one.messageId] : []);
    }
    expect(await found(`from=${at('öMER')}`)).toEqual([one.messageId]);
  });

  it('shows what lies in quarantine to who asks for it, and each kind by itself', async () => {
    const seen = await receive();
    const spam = await receive({ delivery: { mailClass: 'spam' } });
    const spoofed = await receive({ delivery: { mailClass: 'unauthenticated' } });
    const found = async (query: string) => ids((await node.v0('GET', `${MESSAGES}?${query}`)).body);
    expect(await found('include_spam=true')).toEqual([spam.messageId, seen.messageId]);
    expect(await found('include_unauthenticated=true')).toEqual([spoofed.messageId, seen.messageId]);
    expect(await found('labels=spam&include_spam=true')).toEqual([spam.messageId]);
    expect(await found('labels=spam')).toEqual([]);
  });

  it("refuses what can't be read", async () => {
    for (const query of ['limit=0', 'before=yesterday', 'include_spam=yes', 'page_token=x'])
      expect(await node.v0('GET', `${MESSAGES}?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'validation_error' },
      });
  });

  it('refuses a filter that it does not know, in the place of showing everything', async () => {
    for (const path of [MESSAGES, '/threads'])
      expect(await node.v0('GET', `${path}?label=unread`)).toMatchObject({
        status: 400,
        body: { errors: [{ path: ['label'], message: expect.stringMatching(/^is not known here, but .*labels/) }] },
      });
  });
});

describe('GET …/messages/:message_id', () => {
  it('shows all of a mail, with what was found out about its sender', async () => {
    const { messageId } = await receive({
      content: { html: '<p>Hello</p>', replyTo: ['team@y.com'], payload: '{"task":1}', hiddenText: true },
      delivery: { authentication: { spf: 'pass', dkim: 'none', dmarc: 'pass' } },
    });
    const { body } = await node.v0('GET', `${MESSAGES}/${at(messageId)}`);
    expect(body).toMatchObject({
      ...{ message_id: messageId, html: '<p>Hello</p>', reply_to: ['team@y.com'], payload: { task: 1 } },
      ...{ hidden_text: true, authentication_results: { spf: 'pass', dkim: 'none', dmarc: 'pass' } },
    });
  });

  it('is the same 404 for a mail of another inbox as for one that never was', async () => {
    const { messageId } = await receive({ to: ['b@agents.example.com'] });
    const [foreign, absent] = [
      await node.v0('GET', `${MESSAGES}/${at(messageId)}`),
      await node.v0('GET', `${MESSAGES}/x`),
    ];
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(foreign.body).toEqual(absent.body);
    expect((await node.v0('GET', '/inboxes/none@agents.example.com/messages')).status).toBe(404);
  });
});

describe('what is downloaded', () => {
  const raw = 'Subject: Files\r\n\r\n--x\r\n\r\naGVsbG8g\r\nd29ybGQ=\r\n--x--\r\n';
  const start = raw.indexOf('aGVs');
  const part: MailPart = {
    ...{ attachmentId: '1-0badcafe', filename: 'grüße.txt', contentType: 'text/plain', disposition: 'attachment' },
    ...{ encoding: 'base64', start, end: raw.indexOf('\r\n--x--'), size: 11 },
  };
  const trace = 'Delivered-To: a@agents.example.com\r\n';

  /** As whoever has only the link. */
  const download = async (link: string, key = false) => {
    const headers = { host: 'localhost', ...(key ? { authorization: `Bearer ${node.key}` } : {}) };
    const response = await node.node.fetch(new Request(link, { headers }));
    return { status: response.status, headers: response.headers, text: await response.text() };
  };

  it('is the mail as it came, behind the trace lines, octet for octet', async () => {
    const { messageId } = await receive({ raw });
    const { body } = await node.v0('GET', `${MESSAGES}/${at(messageId)}/raw`);
    expect(body).toMatchObject({ message_id: messageId, size: raw.length + trace.length });
    expect(await download(body.download_url)).toMatchObject({ status: 200, text: trace + raw });
  });

  it('is an attachment by its mail and by its thread, decoded, and no page of a browser', async () => {
    const { messageId, threadId } = await receive({ raw, content: { parts: [part] } });
    const byMail = await node.v0('GET', `${MESSAGES}/${at(messageId)}/attachments/${part.attachmentId}`);
    const byThread = await node.v0('GET', `/threads/${threadId}/attachments/${part.attachmentId}`);
    for (const { body } of [byMail, byThread]) {
      expect(body).toMatchObject({ attachment_id: part.attachmentId, filename: 'grüße.txt', size: 11 });
      const file = await download(body.download_url);
      expect(file.text).toBe('hello world');
      expect(file.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt");
      expect(file.headers.get('content-security-policy')).toContain('sandbox');
      expect(file.headers.get('x-content-type-options')).toBe('nosniff');
    }
  });

  it('comes of a large mail from its file', async () => {
    const spooled = writer.files.spoolPath();
    writeFileSync(spooled, raw);
    const digest = 'ab'.repeat(32);
    await writer.files.keep(spooled, digest);
    const { messageId } = await receive({ content: { parts: [part] } }, (mail) => ({
      ...mail,
      raw: { digest, size: raw.length },
    }));
    const { body } = await node.v0('GET', `${MESSAGES}/${at(messageId)}/attachments/${part.attachmentId}`);
    expect((await download(body.download_url)).text).toBe('hello world');
    const whole = await node.v0('GET', `${MESSAGES}/${at(messageId)}/raw`);
    expect((await download(whole.body.download_url)).text).toBe(trace + raw);
  });

  it('is gone with its hour, with its mail, and for who changes the link', async () => {
    const { messageId } = await receive({ raw });
    const { download_url: link } = (await node.v0('GET', `${MESSAGES}/${at(messageId)}/raw`)).body;
    const [path, proof] = link.split('.').map(String).slice(-2);
    for (const other of [`${link}x`, link.replace(proof, 'x'), link.slice(0, -proof.length - 1), `${path}x.${proof}`])
      expect((await download(new URL(other, link).href)).status).toBe(404);
    await node.clock.advance(3_600_000);
    expect((await download(link)).status).toBe(404);
    const again = (await node.v0('GET', `${MESSAGES}/${at(messageId)}/raw`)).body.download_url;
    await node.v0('DELETE', `/inboxes/${A}`);
    expect((await download(again)).status).toBe(404);
  });
});

describe('threads', () => {
  it('are shown by their last mail, with who takes part, of one inbox and of all', async () => {
    const one = await receive({ content: { subject: 'One' } });
    const two = await receive({ content: { subject: 'Two' }, to: ['b@agents.example.com'] });
    await receive({
      content: { from: 'Joe <joe@z.com>', inReplyTo: [one.messageId], subject: 'Re: One', preview: 'later' },
      labels: ['automated'],
    });
    await receive({ delivery: { mailClass: 'spam' } });
    const all = (await node.v0('GET', '/threads')).body;
    expect(all.threads.map(({ thread_id }: { thread_id: string }) => thread_id)).toEqual([one.threadId, two.threadId]);
    expect(all.threads[0]).toMatchObject({
      ...{
        inbox_id: A,
        labels: ['automated', 'received', 'unread'],
        subject: 'One',
        preview: 'later',
        message_count: 2,
      },
      ...{ senders: ['Jane <jane@y.com>', 'Joe <joe@z.com>'], recipients: [A] },
      timestamp: all.threads[0].received_timestamp,
    });
    const own = (await node.v0('GET', `/inboxes/${A}/threads?senders=joe&labels=automated`)).body;
    expect(own.count).toBe(1);
    expect((await node.v0('GET', '/threads?include_spam=true')).body.count).toBe(3);
  });

  it('are listed each with its own labels and attachments, of an inbox that is there', async () => {
    const part: MailPart = {
      ...{ attachmentId: '1-0badcafe', filename: 'a.txt', contentType: 'text/plain', disposition: 'attachment' },
      ...{ encoding: 'identity', start: 0, end: 5, size: 5 },
    };
    const bare = await receive({ content: { subject: 'One' } });
    const full = await receive({ content: { subject: 'Two', parts: [part] }, labels: ['automated'] });
    const [first, second] = (await node.v0('GET', `/inboxes/${A}/threads`)).body.threads;
    expect(first).toMatchObject({ thread_id: full.threadId, labels: ['automated', 'received', 'unread'] });
    expect(first.attachments).toMatchObject([{ attachment_id: '1-0badcafe', filename: 'a.txt', size: 5 }]);
    expect(second).toMatchObject({ thread_id: bare.threadId, labels: ['received', 'unread'] });
    expect(second).not.toHaveProperty('attachments');
    const empty = (await node.v0('GET', '/inboxes/b@agents.example.com/threads')).body;
    expect(empty).toEqual({ count: 0, limit: 50, threads: [] });
    for (const text of ['none@agents.example.com', 'none'])
      expect((await node.v0('GET', `/inboxes/${text}/threads`)).status).toBe(404);
  });

  it('show the newest page of their mails first, in the order in which they came', async () => {
    const first = await receive();
    const made = [first.messageId];
    for (let count = 0; count < 4; count += 1)
      made.push((await receive({ content: { inReplyTo: [first.messageId] } })).messageId);
    const path = `/inboxes/${A}/threads/${first.threadId}`;
    const newest = (await node.v0('GET', `${path}?limit=2`)).body;
    expect(ids(newest)).toEqual(made.slice(3));
    const older = (await node.v0('GET', `${path}?limit=2&page_token=${newest.next_page_token}`)).body;
    expect(ids(older)).toEqual(made.slice(1, 3));
    expect(older).toMatchObject({ count: 2, limit: 2, message_count: 5 });
    expect((await node.v0('GET', `${path}?limit=101`)).status).toBe(400);
    expect((await node.v0('GET', `/inboxes/b@agents.example.com/threads/${first.threadId}`)).status).toBe(404);
  });
});
