// Which mails are reports about others, and which mail they are about.
import { describe, expect, it } from 'vitest';
import { reportIn } from '../../../../node/mailbox/intake/reports.ts';
import { mailOf, structureOf } from '../../../support/mail-structure.ts';

const RETURNED = ['Message-ID: <sent@agents.example.com>', 'From: support@agents.example.com', '', 'Words.'];
const report = async (mail: string, mailFrom = '') => reportIn(await structureOf(mail), mailFrom);

const multipart = (type: string, about: readonly string[], returned: string, lines: readonly string[] = RETURNED) =>
  mailOf(
    ...['From: MAILER-DAEMON@mx.y.com', `Content-Type: multipart/report; report-type=x; boundary=b`, ''],
    ...['--b', 'Content-Type: text/plain', '', 'It went wrong.', '', '--b', `Content-Type: ${type}`, '', ...about, ''],
    ...['--b', `Content-Type: ${returned}`, '', ...lines, '--b--'],
  );
const STATUS = [
  'Reporting-MTA: dns; mx.y.com',
  '',
  'Final-Recipient: rfc822; bob@y.com',
  'Action: failed',
  'Status: 5.1.1',
];
const FEEDBACK = ['Feedback-Type: abuse', 'User-Agent: y.com', 'Version: 1'];

describe('a report', () => {
  it.each(['message/rfc822', 'text/rfc822-headers', 'message/global', 'message/global-headers'])(
    'that a mail could not be delivered is about the one it returns as %s',
    async (returned) => {
      for (const type of ['message/delivery-status', 'message/global-delivery-status'])
        expect(await report(multipart(type, STATUS, returned))).toEqual({
          ...{ kind: 'bounce', isFailure: true },
          aboutId: '<sent@agents.example.com>',
        });
    },
  );

  it.each([
    ['Action: failed', true],
    ['action:  Failed (bounced)', true],
    ['Diagnostic-Code: smtp; 550 no', true],
    ['Action: delivered', false],
    ['Action: delayed', false],
    ['Action: relayed', false],
  ])('with %s: somebody did not get the mail: %s', async (line, isFailure) => {
    const status = [...STATUS.filter((one) => !one.startsWith('Action')), line];
    expect(await report(multipart('message/delivery-status', status, 'message/rfc822'))).toMatchObject({ isFailure });
  });

  it('is one by its form or by its sender, of which mail systems may lack either', async () => {
    const whole = multipart('message/delivery-status', STATUS, 'message/rfc822').replace('MAILER-DAEMON', 'noreply');
    expect(await report(whole.replace('multipart/report', 'Multipart/Report'), 'mta@y.com')).toMatchObject({
      kind: 'bounce',
    });
    expect(await report(whole.replace('multipart/report', 'multipart/mixed'))).toMatchObject({ kind: 'bounce' });
  });

  it('that somebody complains is one about that mail, whoever it comes from', async () => {
    const complaint = multipart('message/feedback-report', FEEDBACK, 'message/rfc822');
    expect(await report(complaint, 'fbl@y.com')).toEqual({
      ...{ kind: 'complaint', aboutId: '<sent@agents.example.com>', complaintType: 'abuse' },
    });
  });

  it('in words alone names the mail in them, or answers it', async () => {
    const words = [
      'From: mailer-daemon@y.com',
      '',
      'Sorry.',
      '',
      'Message-Id: <sent@agents.example.com>',
      'Subject: x',
    ];
    expect(await report(mailOf(...words))).toMatchObject({ kind: 'bounce', aboutId: '<sent@agents.example.com>' });
    const answer = ['From: postmaster@y.com', 'In-Reply-To: <sent@agents.example.com>', '', 'Sorry.'];
    expect(await report(mailOf(...answer))).toMatchObject({ aboutId: '<sent@agents.example.com>' });
  });

  it.each([
    ['a person answers', mailOf('From: bob@y.com', 'In-Reply-To: <sent@agents.example.com>', '', 'x'), ''],
    [
      'a mail that is not the null sender’s',
      mailOf('From: postmaster@y.com', 'In-Reply-To: <1@x>', '', 'x'),
      'a@y.com',
    ],
    [
      'a mail of a person who passes a report on',
      multipart('message/delivery-status', STATUS, 'message/rfc822').replace('multipart/report', 'multipart/mixed'),
      'bob@y.com',
    ],
    ['a report that returns nothing', multipart('message/delivery-status', STATUS, 'text/plain', ['x']), ''],
    [
      'a report whose returned mail has no name',
      multipart('message/delivery-status', STATUS, 'message/rfc822', ['Subject: x', '']),
      '',
    ],
    ['a packed report', multipart('application/zip', ['UEsDBA=='], 'application/gzip', ['x']), 'a@y.com'],
    ['no header', 'words', ''],
  ])('is not %s', async (_, mail, mailFrom) => {
    expect(await report(mail, mailFrom)).toBeUndefined();
  });
});
