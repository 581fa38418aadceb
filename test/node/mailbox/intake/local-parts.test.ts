// Addresses with quotes, and with odd dots, in a dialogue with smtp-server.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MailIntake } from '../../../support/mail-intake.ts';
import { mailOf } from '../../../support/mail-structure.ts';

let at: MailIntake;

beforeEach(async () => {
  at = await MailIntake.create();
});

afterEach(() => at[Symbol.asyncDispose]());

describe('a quoted local part', () => {
  it('is the sender’s, whatever is in it', async () => {
    await using talk = await at.open('smtp');
    const senders = ['"Jane Doe"@y.com', '"jane@home"@y.com', '"a..b\\"\\\\"@y.com', '""@y.com'];
    for (const sender of senders) {
      expect(await talk.say(`MAIL FROM:<${sender}> SIZE=100 BODY=8BITMIME`), sender).toMatch(/^250/);
      expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^250/);
      const mail = mailOf(`Message-ID: <${senders.indexOf(sender)}@y.com>`, 'From: jane@y.com', '', 'Hello.');
      expect(await talk.mail(mail)).toEqual(['250 2.6.0 The mail is kept.']);
    }
    const traces = at.messages().map(({ trace }) => String(trace));
    for (const sender of senders)
      expect(traces).toContainEqual(expect.stringContaining(`Return-Path: <${sender}>\r\nDelivered-To: a@x.com\r\n`));
    expect(traces.filter((trace) => trace.includes('spf=pass smtp.mailfrom=y.com;'))).toHaveLength(senders.length);
  });

  it('that needs no quotes is the mailbox of that name', async () => {
    await using talk = await at.open('smtp');
    expect(await talk.say('MAIL FROM:<"jane.doe"@y.com>')).toMatch(/^250/);
    expect(await talk.say('RCPT TO:<"a"@x.com>')).toMatch(/^250/);
    expect(await talk.say('RCPT TO:<@relay.example:"\\a"@x.com>')).toMatch(/^250/);
    await talk.mail(mailOf('From: jane@y.com', '', 'Hello.'));
    expect(at.messages()).toMatchObject([
      { inbox_id: 'a@x.com', trace: expect.stringContaining('Return-Path: <jane.doe@y.com>') },
    ]);
  });

  it('is nobody’s here when it does need them', async () => {
    await using talk = await at.open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<"a b"@x.com>')).toMatch(/^550 5\.1\.1 There is no inbox "a b"@x\.com here/);
    expect(await talk.say('RCPT TO:<"a@x.com"@x.com>')).toMatch(/^550 5\.1\.1/);
    expect(await talk.say('RCPT TO:<"a b"@elsewhere.com>')).toMatch(/^550 5\.7\.1/);
  });

  it.each([
    ...['"a b@x.com', 'a b"@x.com', '"a b"', '"a b\\"@x.com', '"a>b"@x.com', '"a\tb"@x.com'],
    ...['"a b"@x..com', '"a b"@', '"a b"@x@y.com', `"${'a '.repeat(32)}"@x.com`],
  ])('is wrong as %j', async (address) => {
    await using talk = await at.open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say(`RCPT TO:<${address}>`)).toMatch(/^501/);
  });
});

describe('a local part with a dot at an end, or two in a row', () => {
  const ODD = ['a..b@y.com', 'user.@y.com', '.user@y.com', '..@y.com', 'jörg...x@y.com'];

  it('is the sender’s, and stays as it is', async () => {
    await using talk = await at.open('smtp');
    for (const sender of ODD) {
      expect(await talk.say(`MAIL FROM:<${sender}> SIZE=100 BODY=8BITMIME SMTPUTF8`), sender).toMatch(/^250/);
      expect(await talk.say('RCPT TO:<a@x.com>')).toMatch(/^250/);
      const mail = mailOf(`Message-ID: <${ODD.indexOf(sender)}@y.com>`, `From: ${sender}`, '', 'Hello.');
      expect(await talk.mail(mail)).toEqual(['250 2.6.0 The mail is kept.']);
    }
    const traces = at.messages().map(({ trace }) => String(trace));
    for (const sender of ODD)
      expect(traces).toContainEqual(expect.stringContaining(`Return-Path: <${sender}>\r\nDelivered-To: a@x.com\r\n`));
    expect(traces.filter((trace) => trace.includes('spf=pass smtp.mailfrom=y.com;'))).toHaveLength(ODD.length);
    expect(at.read('SELECT from_text AS shown FROM message ORDER BY row').map(({ shown }) => shown)).toEqual(ODD);
  });

  it('is nobody’s here', async () => {
    await using talk = await at.open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<a.@x.com>')).toMatch(/^550 5\.1\.1 There is no inbox a\.@x\.com here/);
    expect(await talk.say('RCPT TO:<@relay.example:a..a@x.com>')).toMatch(/^550 5\.1\.1/);
    expect(await talk.say('RCPT TO:<a..b@elsewhere.com>')).toMatch(/^550 5\.7\.1/);
  });

  it.each([
    `${'a'.repeat(60)}..(@y.com`,
    'a..b',
    'a..b@',
    'a..b@y..com',
    'a..b@.y.com',
    'a..(b)@y.com',
    'a..b@y@z.com',
    `${'a.'.repeat(33)}@y.com`,
  ])('is wrong as %j', async (address) => {
    await using talk = await at.open('smtp');
    expect(await talk.say(`MAIL FROM:<${address}>`)).toMatch(/^501/);
  });
});
