// Mail that comes in over real sockets, into a real database: what is taken, what is refused at which step, and what is kept of it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MeshError } from '../../../../mesh/errors.ts';
import { listen } from '../../../../node/mailbox/intake/listener.ts';
import type { Standing, StandingQuestion } from '../../../../node/mailbox/recipient-question.ts';
import { MailIntake } from '../../../support/mail-intake.ts';
import { mailOf } from '../../../support/mail-structure.ts';

const HI = mailOf('Message-ID: <1@y.com>', 'From: Jane <jane@y.com>', 'Subject: Hi', '', '.dots', 'Words.');

let at: MailIntake;

beforeEach(async () => {
  at = await MailIntake.create();
});

afterEach(() => at[Symbol.asyncDispose]());

const open: MailIntake['open'] = (protocol, more) => at.open(protocol, more);
const messages = () => at.messages();

describe('mail by LMTP of which its domain wants it refused', () => {
  it('is kept in quarantine: whose machine sent it is not known, so that SPF could not pass', async () => {
    await at.writer.changeSettings({ inboxId: 'b@x.com', dmarc: 'reject', atMs: 3 });
    await using talk = await open('lmtp');
    await talk.say('MAIL FROM:<joe@z.com>');
    await talk.say('RCPT TO:<b@x.com>');
    expect(await talk.mail(HI.replaceAll('y.com', 'strict.com'))).toEqual(['250 2.6.0 The mail is kept.']);
    expect(messages()).toMatchObject([{ inbox_id: 'b@x.com', hidden: 1 }]);
  });
});

describe('mail by SMTP', () => {
  it('is told to come later by an inbox that has as much as it keeps', async () => {
    await at.writer.changeSettings({ inboxId: 'b@x.com', quotaBytes: 0, atMs: 3 });
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<b@x.com>')).toMatch(/^452 4\.2\.2 The inbox b@x\.com is full/);
    expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^250/);
  });

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

  it('is kept octet for octet where halves of a line’s end stand alone, before dots and behind them', async () => {
    const odd = `${HI}\n..a\n.\n\r..b\r.\r\n.c\r\n..\r\n\n\r\n.`;
    await using talk = await open('smtp');
    for (const mail of [odd, `\n.${odd}`, `\n..${odd}`, `.\n..${odd}`]) {
      await talk.say('MAIL FROM:<jane@y.com>');
      await talk.say('RCPT TO:<a@x.com>');
      expect(await talk.mail(mail)).toEqual(['250 2.6.0 The mail is kept.']);
      const kept = messages().map(({ content }) => Buffer.from(content ?? '').toString());
      expect(kept).toContain(`${mail}\r\n`);
    }
  });

  it('lies in quarantine when nobody knows who sent it', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<joe@z.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(HI.replaceAll('y.com', 'z.com'))).toEqual(['250 2.6.0 The mail is kept.']);
    expect(messages()).toMatchObject([{ hidden: 1 }]);
  });

  it('is refused where its domain wants that, by an inbox that wants it too', async () => {
    const forged = HI.replaceAll('y.com', 'strict.com');
    await using talk = await open('smtp');
    const said = async (...to: readonly string[]) => {
      await talk.say('MAIL FROM:<joe@z.com>');
      for (const one of to) await talk.say(`RCPT TO:<${one}>`);
      return await talk.mail(forged);
    };
    expect(await said('a@x.com')).toEqual(['250 2.6.0 The mail is kept.']);
    await at.writer.changeSettings({ inboxId: 'b@x.com', dmarc: 'reject', atMs: 3 });
    expect(await said('b@x.com')).toEqual([expect.stringMatching(/^550 5\.7\.26 /)]);
    expect(await said('a@x.com', 'b@x.com'), 'one answer for both').toEqual([expect.stringMatching(/^550 5\.7\.26 /)]);
    expect(messages()).toMatchObject([{ inbox_id: 'a@x.com', hidden: 1 }]);
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

  it('is kept each time when neither a name nor a date tells one from the other', async () => {
    await using talk = await open('smtp');
    for (const subject of ['Backup of Monday', 'Backup of Tuesday']) {
      await talk.say('MAIL FROM:<jane@y.com>');
      await talk.say('RCPT TO:<a@x.com>');
      await talk.mail(mailOf('From: cron@y.com', `Subject: ${subject}`, '', 'All is well.'));
    }
    expect(messages().map(({ subject }) => subject)).toEqual(['Backup of Monday', 'Backup of Tuesday']);
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
      { addresses: ['a@x.com'], podId: expect.any(String), isServed: true },
      { addresses: ['c+news@x.com', 'c@x.com'], isServed: true },
      { addresses: ['c@z.com'], isServed: false },
    ]);
  });

  it('is to come again while the node does not answer, and whoever runs the host is told', async () => {
    const standingOf = () => Promise.reject(new MeshError('overloaded', 'The node has not answered.'));
    await using talk = await open('smtp', { standingOf });
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^451 4\.4\.3/);
    expect(at.failures.map(({ message }) => message)).toEqual(['The node has not answered.']);
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
    const store = () => Promise.reject(new Error('disk I/O error'));
    const broken = { files: at.writer.files, findInbox: () => undefined, store };
    await using talk = await open('smtp', { writer: broken });
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(HI)).toEqual([expect.stringMatching(/^451 4\.3\.0/)]);
    expect(at.failures.map(({ message }) => message)).toEqual(['disk I/O error']);
  });

  it('of more than 25 MiB is refused, and nothing of it stays', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(`${HI}${`${'x'.repeat(998)}\r\n`.repeat(26_300)}`)).toEqual([
      expect.stringMatching(/^552 5\.3\.4/),
    ]);
    expect(messages()).toEqual([]);
    expect(readdirSync(join(at.directory, 'spool'))).toEqual([]);
    await talk.say('RSET');
    expect(await talk.say(`MAIL FROM:<jane@y.com> SIZE=${26 * 1024 * 1024}`)).toMatch(/^552/);
  });

  it('of more than 64 KiB is a file of its own', async () => {
    await using talk = await open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    await talk.say('RCPT TO:<a@x.com>');
    expect(await talk.mail(`${HI}${'words and words\r\n'.repeat(10_000)}`)).toEqual(['250 2.6.0 The mail is kept.']);
    expect(messages()).toMatchObject([{ content: null }]);
    expect(readdirSync(join(at.directory, 'raw'), { recursive: true })).toHaveLength(2);
    expect(readdirSync(join(at.directory, 'spool'))).toEqual([]);
  });

  it('may be a hundred a minute from one machine', async () => {
    await using talk = await open('smtp');
    for (let mail = 0; mail < 100; mail++) {
      expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^250/);
      await talk.say('RSET');
    }
    expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^452 4\.7\.1/);
    await at.clock.advance(60_000);
    expect(await talk.say('MAIL FROM:<jane@y.com>')).toMatch(/^250/);
  });

  it('ends after ten minutes, whatever is said', async () => {
    await using talk = await open('smtp');
    await at.clock.advance(10 * 60_000);
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
    expect(at.read('SELECT size FROM raw')).toEqual([{ size: Buffer.from(raw as string).length }]);
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
    const parts = at.partsOf('lmtp');
    await expect(listen({ host: '127.0.0.1', port: at.port }, parts)).rejects.toMatchObject({
      code: 'invalid_request',
      message: `This node can't take mail on 127.0.0.1 port ${at.port}: another program listens there. Choose another with --mailbox-lmtp IP:PORT.`,
    });
  });
});
