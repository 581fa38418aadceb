// Mail for the postmaster, whom everybody may expect where mail is taken, also without a domain (RFC 5321 §4.5.1).
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Standing, StandingQuestion } from '../../../../node/mailbox/recipient-question.ts';
import { MailIntake } from '../../../support/mail-intake.ts';
import { mailOf } from '../../../support/mail-structure.ts';

const HI = mailOf('Message-ID: <1@y.com>', 'From: Jane <jane@y.com>', 'Subject: Hi', '', 'Words.');

let at: MailIntake;

beforeEach(async () => {
  at = await MailIntake.create();
});

afterEach(() => at[Symbol.asyncDispose]());

describe('mail for the postmaster', () => {
  it('is refused where nobody has made him an inbox, with what would', async () => {
    await using talk = await at.open('smtp', { domain: 'x.com' });
    await talk.say('MAIL FROM:<jane@y.com>');
    for (const to of ['postmaster', 'Postmaster', 'postmaster@x.com'])
      expect(await talk.say(`RCPT TO:<${to}>`)).toMatch(
        /^550 5\.1\.1 There is no inbox postmaster@x\.com here: whoever runs this host should create an inbox/i,
      );
    expect(await talk.say('RCPT TO:<postmaster@elsewhere.com>')).toMatch(/^550 5\.7\.1 .*passes nothing on/);
    expect(await talk.say('RCPT TO:<postmasters@x.com>')).toMatch(
      /^550 5\.1\.1 There is no inbox postmasters@x\.com here\./,
    );
  });

  it('is refused without a domain where the host has none', async () => {
    await using talk = await at.open('smtp');
    await talk.say('MAIL FROM:<jane@y.com>');
    expect(await talk.say('RCPT TO:<postmaster>')).toMatch(/^550 5\.1\.1 This host has no domain of its own/);
  });

  it.each(['smtp', 'lmtp'] as const)('is taken by %s, with a domain and without', async (protocol) => {
    await at.addInbox('postmaster@x.com');
    const standingOf = async ({ addresses }: StandingQuestion): Promise<Standing> => {
      const isHeld = addresses.some((one) => one === 'postmaster@x.com');
      return { kind: isHeld ? 'held' : 'nobodys' };
    };
    await using talk = await at.open(protocol, { domain: 'x.com', standingOf });
    await talk.say('MAIL FROM:<jane@y.com>');
    for (const to of ['postmaster', 'POSTMASTER', 'Postmaster@x.com'])
      expect(await talk.say(`RCPT TO:<${to}>`)).toMatch(/^250/);
    expect(new Set(await talk.mail(HI))).toEqual(new Set(['250 2.6.0 The mail is kept.']));
    expect(at.messages()).toMatchObject([{ inbox_id: 'postmaster@x.com', message_id: '<1@y.com>' }]);
  });
});
