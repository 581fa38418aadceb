// Whom a mail that is answered for is shown to be from.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MailIntake } from '../../../support/mail-intake.ts';
import { mailOf } from '../../../support/mail-structure.ts';

let at: MailIntake;

beforeEach(async () => {
  at = await MailIntake.create();
});

afterEach(() => at[Symbol.asyncDispose]());

it.each([
  ['an address of the domain that is answered for', 'Jane <jane@Y.com>', 0],
  ['none that can be shown', '<jane@y.com\t@evil.com>', 1],
  ['one that is cut in a long field', `${'x'.repeat(32 * 1024 - ' <a@bank.example'.length)} <a@bank.example.y.com>`, 1],
])('a mail from %s', async (_, from, hidden) => {
  await using talk = await at.open('smtp');
  await talk.say('MAIL FROM:<jane@y.com>');
  await talk.say('RCPT TO:<a@x.com>');
  expect(await talk.mail(mailOf(`From: ${from}`, '', 'Words.'))).toEqual(['250 2.6.0 The mail is kept.']);
  expect(at.messages()).toMatchObject([{ hidden, trace: expect.stringContaining('spf=pass') }]);
});
