import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialization } from 'agentmail';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventDetail } from '../../../../node/mailbox/event.ts';
import { isOfMail } from '../../../../node/mailbox/event.ts';
import { type Connection, openForReading, openForWriting } from '../../../../node/mailbox/store/database.ts';
import { PAYLOAD_BYTES_MAX } from '../../../../node/mailbox/store/event-payload.ts';
import { EventReader, EventRows } from '../../../../node/mailbox/store/event-rows.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { type MailWish, receivedMail } from '../../../support/mails.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const HOUR_MS = 3_600_000;
const A = 'a@x.com';

let directory: string;
let writer: Writer;
let reading: Connection;
let events: EventReader;
let told: number;
let made: number;

const makeInbox = async (inboxId: string) => {
  await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
  await writer.activateInbox({ inboxId, agentId: `agent of ${inboxId}`, atMs: 2 });
};

beforeEach(async () => {
  [told, made] = [0, 0];
  directory = mkdtempSync(join(tmpdir(), 'mailbox-events-'));
  writer = await Writer.open({
    ...{ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', chooseThread, baseSubject },
    told: () => {
      told += 1;
    },
  });
  await makeInbox(A);
  reading = openForReading(directory);
  events = new EventReader(reading);
});

afterEach(() => {
  reading.close();
  writer.close();
  rmSync(directory, { recursive: true });
});

const receive = async (wish: MailWish = {}) => {
  made += 1;
  const content = { headerId: `<${made}@y.com>`, ...wish.content };
  const [stored] = await writer.store(receivedMail({ raw: `mail ${made}`, ...wish, content }));
  return { inboxId: A, messageId: String(stored?.messageId) };
};
const READ = { required: [], excluded: [], add: ['read'], remove: ['unread'], atMs: 9 };
const references = () => events.references({ after: 0, limit: 100 }).filter(isOfMail);
const allTold = () => events.told({ after: 0, limit: 100, bytes: Number.MAX_SAFE_INTEGER });
/** The payload of the newest event, as a receiver parses it. */
const newest = () => JSON.parse(String(allTold().at(-1)?.payload));

const newId = () => {
  made += 1;
  return `id ${made}`;
};

/** Adds events on a connection of its own, as the writer does on its. */
const withRows = <Result>(work: (rows: EventRows, connection: Connection) => Result, bytesMax?: number): Result => {
  const connection = openForWriting(directory);
  const rows = new EventRows(connection, newId, bytesMax);
  try {
    return work(rows, connection);
  } finally {
    connection.close();
  }
};

const filesWith = (word: string) =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(
    (name) => statSync(join(directory, name)).isFile() && readFileSync(join(directory, name)).includes(word),
  );

describe('a mail that comes in', () => {
  it('is told of once for each inbox that gets it, in the order in which they came', async () => {
    await makeInbox('b@x.com');
    const both = receivedMail({ to: [A, 'b@x.com'], content: { headerId: '<1@y.com>' } });
    await writer.store(both);
    await writer.store(both);
    expect(
      references().map(({ row, type, inboxId, agentId, messageId }) => [row, type, inboxId, agentId, messageId]),
    ).toEqual([A, 'b@x.com'].map((inbox, at) => [at + 1, 'message.received', inbox, `agent of ${inbox}`, '<1@y.com>']));
  });

  it.each(['spam', 'blocked', 'unauthenticated'] as const)(
    'in quarantine as %s has an event of its own',
    async (mailClass) => {
      await receive({ delivery: { mailClass, isAuthenticated: false } });
      expect(references().map(({ type }) => type)).toEqual([`message.received.${mailClass}`]);
    },
  );

  it('that can not be kept is not told of, and its neighbours are', async () => {
    const broken = receivedMail({ raw: 'broken' });
    const content = { content: { text: 'x' } };
    await Promise.allSettled([
      receive(content),
      writer.store({ ...broken, raw: { ...broken.raw, size: Number.NaN } }),
      receive(content),
    ]);
    expect(references()).toHaveLength(2);
  });

  it('lets whoever waits for events know, once for all that became durable together', async () => {
    await Promise.all([receive(), receive(), receive()]);
    await writer.changeInbox({ inboxId: A, displayName: 'A', atMs: 3 });
    expect([told, references().length]).toEqual([1, 3]);
  });

  it('is told of with its thread as it is with it, and with what this host found out about its sender', async () => {
    const trace =
      'Return-Path: <jane@y.com>\r\nAuthentication-Results: mac;\r\n spf=pass;\r\n dkim=none\r\nReceived: from x\r\n';
    const headers = { Subject: 'Hello', 'authentication-results': 'mac; spf=fail' };
    await receive();
    await receive({ content: { inReplyTo: ['<1@y.com>'], headers, preview: 'again' }, delivery: { trace } });
    expect(newest()).toMatchObject({
      type: 'event',
      event_type: 'message.received',
      message: { text: 'Hello', headers: { Subject: 'Hello', 'Authentication-Results': 'mac; spf=pass; dkim=none' } },
      thread: { message_count: 2, last_message_id: '<2@y.com>', preview: 'again' },
    });
    expect(newest().message.headers['authentication-results']).toBeUndefined();
  });
});

describe('a payload', () => {
  const DETAILS: readonly EventDetail[] = [
    { type: 'message.received' },
    { type: 'message.received.spam' },
    { type: 'message.sent', recipients: ['jane@y.com'] },
    { type: 'message.delivered', recipients: ['jane@y.com'] },
    {
      ...{ type: 'message.bounced', bounceType: 'Permanent', subType: 'General' },
      recipients: [{ address: 'jane@y.com', status: '5.1.1' }],
    },
    { type: 'message.complained', complaintType: 'abuse', subType: '', recipients: ['jane@y.com'] },
    { type: 'message.rejected', reason: 'suppressed' },
    { type: 'message.opened' },
  ];
  const SCHEMAS = {
    'message.received': serialization.MessageReceivedEvent,
    'message.received.spam': serialization.MessageReceivedEvent,
    'message.sent': serialization.MessageSentEvent,
    'message.delivered': serialization.MessageDeliveredEvent,
    'message.bounced': serialization.MessageBouncedEvent,
    'message.complained': serialization.MessageComplainedEvent,
    'message.rejected': serialization.MessageRejectedEvent,
    'message.opened': serialization.MessageOpenedEvent,
  } as const;

  it.each(DETAILS)(
    'of $type is accepted by the client of AgentMail, which refuses what it does not know',
    async (detail) => {
      const part = {
        attachmentId: '1-00000000',
        filename: 'a.txt',
        encoding: 'identity',
        start: 0,
        end: 1,
        size: 1,
      } as const;
      await receive({
        content: {
          ...{ html: '<p>Hello', extractedText: 'Hello', extractedHtml: '<p>', payload: '{"a":1}', hiddenText: true },
          ...{ cc: ['joe@z.com'], bcc: [A], replyTo: ['jane@z.com'], references: ['<0@y.com>'], parts: [part] },
        },
        delivery: { authentication: { spf: 'pass', dkim: 'none', dmarc: 'none' } },
      });
      const eventId = withRows((rows) => rows.append(1, detail, 2_000));
      const payload = JSON.parse(String(events.payload(eventId)));
      const parsed = SCHEMAS[detail.type as keyof typeof SCHEMAS].parse(payload, { unrecognizedObjectKeys: 'fail' });
      expect(parsed).toMatchObject({ ok: true, value: { eventType: detail.type, eventId } });
    },
  );

  it('keeps what the client would refuse beside it, for those who read a mail by itself', async () => {
    const authentication = { spf: 'pass', dkim: 'none', dmarc: 'none' };
    await receive({ content: { payload: '{"a":1}', hiddenText: true }, delivery: { authentication } });
    await receive();
    expect(allTold().map(({ extras }) => extras && JSON.parse(extras))).toEqual([
      { authentication_results: authentication, payload: { a: 1 }, hidden_text: true },
      undefined,
    ]);
  });

  it('has the texts of its mail, the same octets each time, and keeps no copy of them', async () => {
    const texts = { text: 'sesquipedalian \u0001 words', html: '<p>words', extractedHtml: '<b>words' };
    await receive({ content: { ...texts, extractedText: texts.text } });
    const [first] = allTold();
    expect(JSON.parse(String(first?.payload)).message).toMatchObject({
      ...{ text: texts.text, html: texts.html, extracted_text: texts.text, extracted_html: texts.extractedHtml },
    });
    await writer.changeLabels({ meant: { inboxId: A, messageId: '<1@y.com>' }, change: READ });
    expect(events.payload(String(first?.eventId))).toBe(first?.payload);
    expect(reading.get("SELECT count(*) AS count FROM event WHERE payload LIKE '%words%'")?.count).toBe(0);
  });

  it('of an earlier version, which has the texts in itself, is told as it is', async () => {
    await receive({ content: { html: '<p>' } });
    const before = String(allTold()[0]?.payload).replace('Hello', 'Before');
    withRows((_, connection) => connection.run('UPDATE event SET payload = ?', before));
    expect(allTold()[0]?.payload).toBe(before);
  });

  it('of more than 1 MiB goes without the texts of its mail', async () => {
    await receive({ content: { text: 'é'.repeat(PAYLOAD_BYTES_MAX / 2), html: '<p>', extractedText: 'x' } });
    await receive({ content: { text: 'x'.repeat(PAYLOAD_BYTES_MAX / 2) } });
    const [large, small] = allTold().map(({ payload }) => JSON.parse(payload).message);
    expect(Object.keys(large)).not.toEqual(expect.arrayContaining(['text', 'html', 'extracted_text']));
    expect([large.message_id, large.preview, small.text.length]).toEqual(['<1@y.com>', 'Hello', PAYLOAD_BYTES_MAX / 2]);
    expect(large.headers['X-Mesh-Left-Out']).toBe('text, html, extracted_text');
    expect(small.headers).not.toHaveProperty('X-Mesh-Left-Out');
    for (const { payload } of allTold())
      expect(serialization.events.MessageReceivedEvent.parse(JSON.parse(payload))).toMatchObject({ ok: true });
  });

  it('is erased with its mail, from every file, and its references are not', async () => {
    const word = 'sesquipedalian';
    const mail = await receive({ content: { text: word, subject: word, payload: `{"a":"${word}"}`, headers: {} } });
    await receive();
    expect(filesWith(word)).not.toEqual([]);
    await writer.removeMails({ meant: mail, atMs: 5 });
    expect(filesWith(word)).toEqual([]);
    expect(allTold().map(({ row }) => row)).toEqual([2]);
    expect(references().map(({ messageId }) => messageId)).toEqual(['<1@y.com>', '<2@y.com>']);
    expect(events.payload(String(references()[0]?.eventId))).toBeUndefined();
  });

  it('is erased with its inbox, too', async () => {
    await receive({ content: { text: 'sesquipedalian', headers: {} } });
    await writer.deleteInbox({ inboxId: A, atMs: 3 });
    while (await writer.eraseMail(A));
    await writer.dropInbox(A);
    expect(filesWith('sesquipedalian')).toEqual([]);
    expect([allTold(), references().length]).toEqual([[], 1]);
  });
});

describe('all events together', () => {
  const total = () => reading.get<{ size: number }>('SELECT size FROM event_total')?.size;

  it('have a bound: the oldest lose their texts first, and then all but what they are about', async () => {
    for (let at = 0; at < 3; at += 1) await receive({ content: { text: 'x'.repeat(10_000), html: '<p>' } });
    const whole = Number(total());
    const append = (bytesMax: number) => withRows((rows) => rows.append(3, { type: 'message.opened' }, 9), bytesMax);
    append(whole - 5_000);
    const hasText = () => allTold().map(({ payload }) => JSON.parse(payload).message?.text !== undefined);
    expect(hasText()).toEqual([false, true, true, false]);
    const marks = allTold().map(({ payload }) => JSON.parse(payload).message?.headers['X-Mesh-Left-Out']);
    expect(marks).toEqual(['text, html', undefined, undefined, undefined]);
    expect(total()).toBeLessThanOrEqual(whole - 5_000);
    append(1_000);
    expect(total()).toBeLessThanOrEqual(1_000);
    expect(references()).toHaveLength(5);
    expect(allTold().at(-1)?.row).toBe(5);
  });

  it('are read in parts of so many octets, of which each has one event at least', async () => {
    for (let at = 0; at < 3; at += 1) await receive({ content: { text: 'x'.repeat(10_000) } });
    const rowsOf = (bytes: number) => events.told({ after: 0, limit: 3, bytes }).map(({ row }) => row);
    expect([rowsOf(1), rowsOf(25_000), rowsOf(1e9)]).toEqual([[1], [1, 2], [1, 2, 3]]);
  });

  it('go after 72 hours, once they were relayed', async () => {
    const nowMs = 100 * HOUR_MS;
    for (const hours of [27, 27, 28.1]) await receive({ atMs: hours * HOUR_MS });
    await writer.write(() => writer.events.trim({ nowMs, relayedRow: 1 }));
    expect(references().map(({ row }) => row)).toEqual([2, 3]);
    await writer.write(() => writer.events.trim({ nowMs, relayedRow: 3 }));
    expect(references().map(({ row }) => row)).toEqual([3]);
    expect(total()).toBe(Buffer.byteLength(String(allTold()[0]?.payload)));
  });

  it('never have a row that somebody has seen, even when all of them are gone', async () => {
    await receive();
    await writer.write(() => writer.events.trim({ nowMs: 1_000 * HOUR_MS, relayedRow: 1 }));
    expect([references(), events.lastRow()]).toEqual([[], 1]);
    await writer.write(() => writer.events.skipTo(40));
    await writer.write(() => writer.events.skipTo(7));
    await receive();
    expect(references().map(({ row }) => row)).toEqual([41]);
  });

  it('of a mailbox that never had any can be skipped, too', async () => {
    await writer.write(() => writer.events.skipTo(40));
    await receive();
    expect(references().map(({ row }) => row)).toEqual([41]);
  });
});
