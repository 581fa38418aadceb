// Bounces of systems that write no delivery status notification.
import { describe, expect, it } from 'vitest';
import { parseBounce } from '../../../../node/send/bounces/bounce-parser.ts';
import { isHard } from '../../../../node/send/bounces/bounce-report.ts';

const RETURNED = `Return-Path: <ann@mail.example.com>
Received: (qmail 1 invoked by uid 1); 27 Jan 2026 12:00:00 -0000
Message-ID: <1@mail.example.com>
Subject: x

Hi. This is the body.
<eve@mail.example.com>:
no.
`;

function mail(body: string): Uint8Array {
  const head = 'From: MAILER-DAEMON@mail.example.com\nTo: ann@mail.example.com\nSubject: failure notice\n\n';
  return Buffer.from((head + body).replace(/\n/g, '\r\n'));
}

function qmail(...paragraphs: readonly string[]): Uint8Array {
  return mail(`Hi. This is the qmail-send program at mx.example.com.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

${paragraphs.map((paragraph) => `${paragraph}\n\n`).join('')}--- Below this line is a copy of the message.

${RETURNED}`);
}

function exim(intro: string, ...paragraphs: readonly string[]): Uint8Array {
  return mail(`This message was created automatically by mail delivery software.

${intro}

${paragraphs.map((paragraph) => `${paragraph}\n\n`).join('')}------ This is a copy of the message, including all the headers. ------

${RETURNED}`);
}

const EXIM_INTRO = `A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:`;

describe('a bounce of qmail', () => {
  it.each<[string, string, boolean]>([
    ["Sorry, I couldn't find any host named example.com. (#5.1.2)", '5.1.2', true],
    [
      '192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 User unknown\nGiving up on 192.0.2.1.',
      '5.1.1',
      true,
    ],
    ['Sorry, no mailbox here by that name.', '5.0.0', true],
    ['The users mailfolder is over the allowed quota (size). (#5.2.2)', '5.2.2', false],
    ['CNAME lookup failed temporarily. (#4.4.3)\nI have been in the queue too long.', '5.4.7', false],
  ])('that says %j has status %s', async (said, status, hard) => {
    const report = await parseBounce(qmail(`<bob@mail.example.com>:\n${said}`));
    expect(report).toMatchObject({
      messageId: '<1@mail.example.com>',
      recipients: [{ address: 'bob@mail.example.com', action: 'failed', status }],
    });
    expect(report?.recipients.map(isHard)).toEqual([hard]);
  });

  it('names each recipient, and nobody of the message that it returns', async () => {
    const report = await parseBounce(qmail('<a@x.example.com>:\nno such user', '<b@x.example.com>:\nmailbox full'));
    expect(report?.recipients.map(({ address }) => address)).toEqual(['a@x.example.com', 'b@x.example.com']);
  });
});

describe('a bounce of Exim in plain text', () => {
  it('names each recipient with the words of the server', async () => {
    const one = `  bob@mail.example.com
    host mx.example.com [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<bob@mail.example.com>:
    550 5.1.1 User unknown`;
    const report = await parseBounce(exim(EXIM_INTRO, one, '  cid@mail.example.com\n    retry timeout exceeded'));
    expect(report?.messageId).toBe('<1@mail.example.com>');
    expect(report?.recipients.map(({ address, status }) => [address, status])).toEqual([
      ['bob@mail.example.com', '5.1.1'],
      ['cid@mail.example.com', '5.4.7'],
    ]);
  });

  it('that warns of a delay is none', async () => {
    const intro = 'A message that you sent has not yet been delivered to one or more of its recipients after 24 hours.';
    expect(await parseBounce(exim(intro, '  bob@mail.example.com\n    connection refused'))).toBeUndefined();
  });
});

it('a letter that speaks of qmail is no bounce', async () => {
  expect(
    await parseBounce(mail('Dear Ann,\nHi. This is the qmail-send program.\n\n<b@x.example.com>:\nno\n')),
  ).toBeUndefined();
});
