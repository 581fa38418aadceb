// Whom a mail is for, over real sockets, when that changes between one step of a session and the next.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MailRates } from '../../../../node/mailbox/intake/mail-rates.ts';
import { MailIntake } from '../../../support/mail-intake.ts';
import { mailOf } from '../../../support/mail-structure.ts';
import type { SmtpTalk } from '../../../support/smtp-talk.ts';

const HI = mailOf('Message-ID: <1@y.com>', 'From: Jane <jane@y.com>', 'Subject: Hi', '', 'Words.');
const KEPT = '250 2.6.0 The mail is kept.';
const [OK, GONE] = ['250 ', '550 '];

let at: MailIntake;

beforeEach(async () => {
  at = await MailIntake.create();
});

afterEach(() => at[Symbol.asyncDispose]());

/** Codes of the replies to each. */
async function named(talk: SmtpTalk, ...to: readonly string[]): Promise<readonly string[]> {
  await talk.say('MAIL FROM:<jane@y.com>');
  const codes: string[] = [];
  for (const one of to) codes.push((await talk.say(`RCPT TO:<${one}>`)).slice(0, 4));
  return codes;
}

it('a mail is nobody’s when one of its inboxes is deleted while it comes, and that of the others at the next try', async () => {
  await using talk = await at.open('smtp');
  expect(await named(talk, 'a@x.com', 'b@x.com')).toEqual([OK, OK]);
  await at.writer.deleteInbox({ inboxId: 'b@x.com', atMs: 3 });
  expect(await talk.mail(HI)).toEqual([expect.stringMatching(/^451 4\.2\.1 One of its inboxes/)]);
  expect(at.messages()).toEqual([]);
  expect(await named(talk, 'a@x.com', 'b@x.com')).toEqual([OK, GONE]);
  expect(await talk.mail(HI)).toEqual([KEPT]);
  await named(talk, 'a@x.com');
  await at.writer.deleteInbox({ inboxId: 'a@x.com', atMs: 4 });
  expect(await talk.mail(HI)).toEqual([expect.stringMatching(/^550 5\.2\.1/)]);
});

it('a mail counts for an inbox when it is sent, and once, however often that was named before', async () => {
  const rates = new MailRates(at.clock);
  for (let mail = 1; mail < 10_000; mail++) rates.admitsFor('a@x.com');
  {
    await using talk = await at.open('smtp', { rates });
    expect(await named(talk, 'a@x.com', 'a+tag@x.com', 'a@x.com')).toEqual([OK, OK, OK]);
    await talk.say('RSET');
    expect(await named(talk, 'a@x.com')).toEqual([OK]);
    await talk.say('QUIT');
  }
  await using talk = await at.open('smtp');
  expect(await named(talk, 'a@x.com', 'a@x.com')).toEqual([OK, OK]);
  expect(await talk.mail(HI)).toEqual([KEPT]);
  expect(await named(talk, 'a@x.com')).toEqual(['452 ']);
});
