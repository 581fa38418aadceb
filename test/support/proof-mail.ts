// Mail that the steps of the mailbox's proof hand over by SMTP, beside what swaks does.
import { expect } from 'vitest';
import type { LiveMailbox } from './live-mailbox.ts';
import { SmtpTalk } from './smtp-talk.ts';

/** As a machine of its own it may send as many mails as it likes beside others. */
const MACHINE = '127.0.0.21';

/** A complaint about a mail (RFC 5965), as the service of the one who complains writes it. */
export function complaintAbout(messageId: string, id: string): string {
  return [
    ...[`Message-ID: ${id}`, 'From: Feedback <fbl@y.com>', 'Subject: Complaint', 'MIME-Version: 1.0'],
    ...['Content-Type: multipart/report; report-type=feedback-report; boundary=b', '', '--b'],
    ...['Content-Type: text/plain', '', 'A complaint.', '', '--b', 'Content-Type: message/feedback-report', ''],
    ...['Feedback-Type: abuse', 'User-Agent: y.com', 'Version: 1', '', '--b', 'Content-Type: text/rfc822-headers', ''],
    ...[`Message-ID: ${messageId}`, 'Subject: Hi', '', '--b--', ''],
  ].join('\r\n');
}

/** Word of a mail server that a mail lies in the mailbox of a recipient (RFC 3464), as who asks for that gets. */
export function deliveryOf(messageId: string, recipient: string): string {
  return [
    ...['Message-ID: <delivery@y.com>', 'From: MAILER-DAEMON@y.com', 'Subject: Delivered', 'MIME-Version: 1.0'],
    ...['Content-Type: multipart/report; report-type=delivery-status; boundary=b', '', '--b'],
    ...['Content-Type: text/plain', '', 'Delivered.', '', '--b', 'Content-Type: message/delivery-status', ''],
    ...['Reporting-MTA: dns; mx.y.com', '', `Final-Recipient: rfc822; ${recipient}`, 'Action: delivered'],
    ...[
      'Status: 2.0.0',
      '',
      '--b',
      'Content-Type: text/rfc822-headers',
      '',
      `Message-ID: ${messageId}`,
      '',
      '--b--',
      '',
    ],
  ].join('\r\n');
}

/** Hands a mail over, as that sender. */
export async function handOver(
  { smtp }: Pick<LiveMailbox, 'smtp'>,
  from: string,
  to: string,
  mail: string,
): Promise<void> {
  await using talk = await SmtpTalk.open(smtp, 'EHLO mx.y.com', MACHINE);
  await talk.say(`MAIL FROM:<${from}>`);
  await talk.say(`RCPT TO:<${to}>`);
  expect(await talk.mail(mail)).toEqual([expect.stringMatching(/^250/)]);
}
