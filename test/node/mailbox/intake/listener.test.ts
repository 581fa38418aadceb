// Mail that comes in over real sockets, into a real database: what is taken, what is refused at which step, and what is kept of it.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { type Listener, type ListenerParts, listen } from '../../../../node/mailbox/intake/listener.ts';
import { MailRates } from '../../../../node/mailbox/intake/mail-rates.ts';
import type { Standing, StandingQuestion } from '../../../../node/mailbox/recipient-question.ts';
import { Writer } from '../../../../node/mailbox/store/writer.ts';
import { baseSubject } from '../../../../node/mailbox/threads/subject.ts';
import { chooseThread } from '../../../../node/mailbox/threads/thread-choice.ts';
import { mailOf } from '../../../support/mail-structure.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SmtpTalk } from '../../../support/smtp-talk.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const HI = mailOf('Message-ID: <1@y.com>', 'From: Jane <jane@y.com>', 'Subject: Hi', '', '.dots', 'Words.');

const isHeld = (address: string) => ['a@x.com', 'b@x.com'].includes(address);

let directory: string;
let writer: Writer;
let clock: VirtualClock;
let failures: Error[];
let listener: Listener | undefined;

/** Answers as a zone in which y.com sends from 127.0.0.1, and nothing else is known. */
const resolve: ListenerParts['resolve'] = async (name, type) => {
  if (name === 'y.com' && type === 'TXT') return [['v=spf1 ip4:127.0.0.1 -all']];
  if (name === '_dmarc.late.com') throw Object.assign(new Error('no answer'), { code: 'ETIMEOUT' });
  throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
};

function partsOf(protocol: 'smtp' | 'lmtp'): ListenerParts {
  return {
    ...{ protocol, writer, resolve, clock, directory, hostId: 'mac', rates: new MailRates(clock) },
    inboxFor: (address) => writer.inboxFor(address),
    serves: (domain) => domain === 'x.com',
    standingOf: async ({ addresses }) => ({ kind: addresses.some(isHeld) ? 'held' : 'nobodys' }),
    failed: (error) => failures.push(error),
  };
}

async function open(protocol: 'smtp' | 'lmtp', more: Partial<ListenerParts> = {}): Promise<SmtpTalk> {
  listener ??= await listen({ host: '127.0.0.1', port: 0 }, { ...partsOf(protocol), ...more });
  return SmtpTalk.open(listener.port, `${protocol === 'smtp' ? 'EHLO' : 'LHLO'} mx.y.com`);
}

/** Rows, read by a connection of its own, as the reader has one. */
const read = (sql: string) => {
  const database = new DatabaseSync(join(directory, 'mailbox.db'), { readOnly: true });
  const rows = database.prepare(sql).all();
  database.close();
  return rows as Record<string, never>[];
};

const messages = () =>
  read(`SELECT inbox_id, message_id, subject, trace, hidden, raw.content FROM message
    JOIN inbox ON inbox.row = message.inbox JOIN raw ON raw.digest = message.raw ORDER BY inbox_id`);

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mailbox-'));
  clock = new VirtualClock();
  failures = [];
  const threads = { chooseThread, baseSubject };
  writer = await Writer.open({ directory, random: seededRandom(1), nowMs: 500, hostId: 'mac', ...threads });
  for (const inboxId of ['a@x.com', 'b@x.com']) {
    await writer.beginInbox({ inboxId, makesAgent: true, atMs: 1 });
    await writer.activateInbox({ inboxId, agentId: 'agent', atMs: 2 });
  }
});

afterEach(async () => {
  await listener?.close();
  listener = undefined;
  writer.close();
  rmSync(directory, { recursive: true });
});

describe('mail by SMTP', () => {
  it('is kept octet for octet, behind lines that say where it came from', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<A@x.com>')).toMatch(/^250/);
    expect(await talk.mail(HI)).toEqual(['250 2.6.0 The mail is kept.']);
    const [message, ...others] = messages();
    expect(others).toEqual([]);
    expect(message).toMatchObject({ inbox_id: 'a@x.com', message_id: '<1@y.com>', subject: 'Hi', hidden: 0 });
    expect(Buffer.from(message?.content ?? '').toString()).toBe(HI);
    expect(message?.trace).toContain('Return-Path: <jane@y.com>\r\n');
    expect(message?.trace).toContain('spf=pass');
    expect(message?.trace).toContain('from mx.y.com ([127.0.0.1])');
  });

  it('lies in quarantine when nobody knows who sent it', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<joe@z.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(HI.replaceAll('y.com', 'z.com'))).toEqual(['250 2.6.0 The mail is kept.']);
    expect(messages()).toMatchObject([{ hidden: 1 }]);
  });

  it('is for an inbox with any tag, and in each inbox once', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    for (const to of ['a@x.com', 'a+news@x.com', 'b@x.com', 'b@x.com'])
      expect(await talk.say(`RCPT TO:<${to}>`)).toMatch(/^250/);
    expect(await talk.mail(HI)).toHaveLength(1);
    expect(messages().map(({ inbox_id }) => inbox_id)).toEqual(['a@x.com', 'b@x.com']);
  });

  it('is taken and kept once when it comes again another way', async () => {
    await using talk = await open('smtp');
    for (const way of ['Received: one', 'Received: two']) {
      await talk.say('MAIL FROM:<jane@y.com>');
      await talk.say('RCPT TO:<a@x.com>');
      expect(await talk.mail(`${way}\r\n${HI}`)).toEqual(['250 2.6.0 The mail is kept.']);
    }
    expect(messages()).toHaveLength(1);
  });

  it('is refused before it is sent when there is no such inbox', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<nobody@x.com>')).toMatch(/^550 5\.1\.1 There is no inbox nobody@x\.com here/);
    expect(await talk.say('RCPT TO:<a@elsewhere.com>')).toMatch(/^550 5\.7\.1 .*passes nothing on/);
    expect(await talk.say('DATA')).toMatch(/^503/);
  });

  it('is asked about by the inbox’s own address, and for no inbox with and without the tag', async () => {
    const asked: StandingQuestion[] = [];
    const standingOf = async (question: StandingQuestion): Promise<Standing> => {
      asked.push(question);
      return { kind: 'unknown' };
    };
    await using talk = await open('smtp', { standingOf });
    await talk.say('MAIL FROM:<jane@y.com>');
    for (const to of ['A+news@x.com', 'c+news@x.com', 'c@z.com']) await talk.say(`RCPT TO:<${to}>`);
    expect(asked).toEqual([
      { addresses: ['a@x.com'], isServed: true },
      { addresses: ['c+news@x.com', 'c@x.com'], isServed: true },
      { addresses: ['c@z.com'], isServed: false },
    ]);
  });

  it('is to come again while the node does not answer, and whoever runs the host is told', async () => {
    const standingOf = () => Promise.reject(new MeshError('overloaded', 'The node has not answered.'));
    await using talk = await open('smtp', { standingOf });
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^451 4\.4\.3/);
    expect(failures.map(({ message }) => message)).toEqual(['The node has not answered.']);
  });

  it('ends for somebody who guesses recipients', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    for (let guess = 0; guess < 10; guess++) expect(await talk.say(`RCPT TO:<${guess}@x.com>`)).toMatch(/^550/);
    expect(await talk.say('RCPT TO:<10@x.com>')).toMatch(/^421/);
    expect(await talk.say('NOOP')).toBe('');
  });

  it('is refused as a whole when it was at one of its inboxes before', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    await talk.say('RCPT TO:<b@x.com>');
    expect(await talk.mail(`Delivered-To: b@x.com\r\n${HI}`)).toEqual([expect.stringMatching(/^554 5\.4\.6/)]);
    expect(messages()).toEqual([]);
  });

  it('is to come again while the DNS does not say who sent it', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(HI.replaceAll('y.com', 'late.com'))).toEqual([expect.stringMatching(/^451 4\.4\.3/)]);
    expect(messages()).toEqual([]);
  });

  it('is to come again when it can’t be kept, and whoever runs the host is told', async () => {
    const broken = { files: writer.files, store: () => Promise.reject(new Error('disk I/O error')) };
    await using talk = await open('smtp', { writer: broken });
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(HI)).toEqual([expect.stringMatching(/^451 4\.3\.0/)]);
    expect(failures.map(({ message }) => message)).toEqual(['disk I/O error']);
  });

  it('of more than 25 MiB is refused, and nothing of it stays', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(`${HI}${`${'x'.repeat(998)}\r\n`.repeat(26_300)}`)).toEqual([
      expect.stringMatching(/^552 5\.3\.4/),
    ]);
    expect(messages()).toEqual([]);
    expect(readdirSync(join(directory, 'spool'))).toEqual([]);
    await talk.say('RSET');
    expect(await talk.say(`MAIL FROM:<jane@y.com> SIZE=${26 * 1024 * 1024}`)).toMatch(/^552/);
  });

  it('of more than 64 KiB is a file of its own', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(`${HI}${'words and words\r\n'.repeat(10_000)}`)).toEqual(['250 2.6.0 The mail is kept.']);
    expect(messages()).toMatchObject([{ content: null }]);
    expect(readdirSync(join(directory, 'raw'), { recursive: true })).toHaveLength(2);
    expect(readdirSync(join(directory, 'spool'))).toEqual([]);
  });

  it('may be a hundred a minute from one machine', async () => {
    await using talk = await open('smtp');
    for (let mail = 0; mail < 100; mail++) {
      expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^250/);
      await talk.say('RSET');
    }
    expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^452 4\.7\.1/);
    await clock.advance(60_000);
    expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^250/);
  });

  it('ends after ten minutes, whatever is said', async () => {
    await using talk = await open('smtp');
    await clock.advance(10 * 60_000);
    expect(await talk.reply()).toBe('');
  });

  it.each([
    ['has no header', 'just words\r\n'],
    ['has NUL, bare line feeds and eight bits', Buffer.from('From: j@y.com\r\n\r\n\0 one\ntwo \xe9\r\n', 'latin1')],
    [
      'has 2,000 parts',
      `From: j@y.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n\r\n'.repeat(2_000)}`,
    ],
    ['has a header of a megabyte', `Subject: ${`x${'y'.repeat(900)}\r\n `.repeat(1_200)}\r\n\r\nhi\r\n`],
  ])('that %s is kept as it came', async (_, raw) => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com> BODY=8BITMIME');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(raw)).toEqual(['250 2.6.0 The mail is kept.']);
    expect(read('SELECT size FROM raw')).toEqual([{ size: Buffer.from(raw as string).length }]);
  });
});

describe('mail by LMTP', () => {
  it('is answered once for each recipient that was accepted, repeats too', async () => {
    await using talk = await open('lmtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    for (const to of ['a@x.com', 'b@x.com', 'a@x.com']) await talk.say(`RCPT TO:<${to}>`);
    expect(await talk.say('RCPT TO:<nobody@x.com>')).toMatch(/^550/);
    expect(await talk.mail(HI, 3)).toEqual(Array.from({ length: 3 }, () => '250 2.6.0 The mail is kept.'));
    expect(await talk.say('NOOP'), 'no answer is left over').toMatch(/^250/);
  });

  it('is refused for that inbox alone at which it was before', async () => {
    await using talk = await open('lmtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<b@x.com>');
    await talk.say('RCPT TO:<a@x.com>');
    const answers = await talk.mail(`Delivered-To: b@x.com\r\n${HI}`, 2);
    expect(answers).toEqual([expect.stringMatching(/^554 5\.4\.6/), '250 2.6.0 The mail is kept.']);
  });

  it('tells nothing of the sender by the machine that hands it over', async () => {
    await using talk = await open('lmtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    await talk.mail(HI);
    expect(messages()).toMatchObject([{ hidden: 1, trace: expect.stringContaining('spf=none') }]);
  });

  it('of more than 25 MiB is refused for each', async () => {
    await using talk = await open('lmtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    for (const to of ['a@x.com', 'a@x.com']) await talk.say(`RCPT TO:<${to}>`);
    const answers = await talk.mail(`${HI}${`${'x'.repeat(998)}\r\n`.repeat(26_300)}`, 2);
    expect(answers).toEqual([expect.stringMatching(/^552/), expect.stringMatching(/^552/)]);
  });
});

describe('a listener', () => {
  it('whose place is taken says so, and which setting names it', async () => {
    await using _talk = await open('smtp');
    const parts = partsOf('lmtp');
    await expect(listen({ host: '127.0.0.1', port: listener?.port ?? 0 }, parts)).rejects.toMatchObject({
      code: 'invalid_request',
      message: `This node can't take mail on 127.0.0.1 port ${listener?.port}: another program listens there. Choose another with --mailbox-lmtp IP:PORT.`,
    });
  });
});
