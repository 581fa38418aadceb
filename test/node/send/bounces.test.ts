// Notifications as mail servers really write them, and things that only look like one.
import { describe, expect, it } from 'vitest';
import { type BouncedRecipient, isHard, parseBounce } from '../../../node/send/bounces.ts';

interface Parts {
  readonly status?: string;
  readonly returned?: string;
  readonly returnedType?: string;
  readonly statusType?: string;
}

const POSTFIX_STATUS = `Reporting-MTA: dns; mail.example.com
X-Postfix-Queue-ID: 4F2A
Arrival-Date: Tue, 27 Jan 2026 12:00:00 +0000 (UTC)

Final-Recipient: rfc822; bob@mail.example.com
Original-Recipient: rfc822;bob@mail.example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.mail.example.com
Diagnostic-Code: smtp; 550 5.1.1 <bob@mail.example.com>: Recipient address
    rejected: User unknown
`;

function dsn({
  status = POSTFIX_STATUS,
  returned = 'Message-ID: <1@mail.example.com>\nSubject: Hello\n\nbody',
  returnedType = 'message/rfc822',
  statusType = 'message/delivery-status',
}: Parts = {}) {
  const text = `From: MAILER-DAEMON@mail.example.com
To: ann@mail.example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry.

--B
Content-Type: ${statusType}

${status}
--B
Content-Type: ${returnedType}

${returned}
--B--
`;
  return Buffer.from(text.replace(/\n/g, '\r\n'));
}

describe('a delivery status notification', () => {
  it.each([{}, { returnedType: 'text/rfc822-headers', returned: 'Message-ID: <1@mail.example.com>\nSubject: x\n' }])(
    'of Postfix names the message, the recipient and why, %#',
    async (parts) => {
      expect(await parseBounce(dsn(parts))).toEqual({
        messageId: '<1@mail.example.com>',
        recipients: [
          {
            address: 'bob@mail.example.com',
            action: 'failed',
            status: '5.1.1',
            diagnostic: 'smtp; 550 5.1.1 <bob@mail.example.com>: Recipient address rejected: User unknown',
          },
        ],
      });
    },
  );

  it('of several recipients names each, with what became of it', async () => {
    const status = `Reporting-MTA: dns; x

Final-Recipient: RFC822; a@mail.example.com
Action: Failed
Status: 5.2.2 (mailbox full)

Final-Recipient: rfc822;b@mail.example.com
Action: delayed
Status: 4.4.1
`;
    const report = await parseBounce(dsn({ status }));
    expect(report?.recipients.map(({ address, action, status: code }) => [address, action, code])).toEqual([
      ['a@mail.example.com', 'failed', '5.2.2'],
      ['b@mail.example.com', 'delayed', '4.4.1'],
    ]);
  });

  it('without the message names it by its envelope id', async () => {
    const status = POSTFIX_STATUS.replace('X-Postfix-Queue-ID: 4F2A', 'Original-Envelope-Id: <2@mail.example.com>');
    expect((await parseBounce(dsn({ status, returned: '', returnedType: 'text/plain' })))?.messageId).toBe(
      '<2@mail.example.com>',
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['noise', Buffer.from([0, 255, 1, 2, 3])],
    ['a letter', Buffer.from('Subject: Hello\r\n\r\nFinal-Recipient: rfc822; bob@mail.example.com\r\n')],
    ['a report of no recipient', dsn({ status: 'Reporting-MTA: dns; x\n' })],
    ['a report without a status', dsn({ status: POSTFIX_STATUS.replace('Status: 5.1.1\n', '') })],
    ['a recipient of another kind', dsn({ status: POSTFIX_STATUS.replaceAll('rfc822;', 'x400;') })],
    ['a read receipt', dsn({ statusType: 'message/disposition-notification' })],
  ])('is not %s', async (_, raw) => expect(await parseBounce(raw)).toBeUndefined());
});

describe('a hard bounce', () => {
  const bounce = (status: string, action: BouncedRecipient['action'] = 'failed') =>
    isHard({ address: 'a@b', action, status });
  it.each(['5.0.0', '5.1.1', '5.1.10', '5.2.1', '5.4.4'])('is %s', (status) => expect(bounce(status)).toBe(true));
  it.each(['5.2.2', '5.3.4', '5.7.1', '4.1.1', '5.6.0'])('is not %s', (status) => expect(bounce(status)).toBe(false));
  it('is not one that is only delayed', () => expect(bounce('5.1.1', 'delayed')).toBe(false));
});
