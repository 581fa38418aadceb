// Notifications as mail servers really write them, and things that only look like one.
// Longer than 300 lines: most of it are reports as servers wrote them, which belong beside what is made of them.
import { describe, expect, it } from 'vitest';
import { BOUNCE_BYTES_MAX, parseBounce } from '../../../../node/send/bounces/bounce-parser.ts';
import { type BouncedRecipient, bounceReport, isHard } from '../../../../node/send/bounces/bounce-report.ts';

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

  it.each([
    [
      'Exim, which says 5.0.0 of everything',
      `Reporting-MTA: dns; mail.example.com

Action: failed
Final-Recipient: rfc822;bob@mail.example.com
Status: 5.0.0
Remote-MTA: dns; mx.mail.example.com
Diagnostic-Code: smtp; 552-5.2.2 The mailbox is over its quota
`,
      '5.2.2',
    ],
    [
      'Exim, when the next server gave no reason',
      `Reporting-MTA: dns; mail.example.com

Action: failed
Final-Recipient: rfc822;bob@mail.example.com
Status: 5.0.0
Diagnostic-Code: smtp; 550 No such user
`,
      '5.0.0',
    ],
    [
      'Exchange',
      `Reporting-MTA: dns;AM0PR0.eurprd.prod.outlook.com
Received-From-MTA: dns;mail.example.com
Arrival-Date: Tue, 27 Jan 2026 12:00:00 +0000

Final-Recipient: rfc822;bob@mail.example.com
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup
X-Display-Name: Bob
`,
      '5.1.10',
    ],
    [
      'Gmail',
      `Reporting-MTA: dns; googlemail.com
Arrival-Date: Tue, 27 Jan 2026 04:00:00 -0800 (PST)
X-Original-Message-ID: <1@mail.example.com>

Final-Recipient: rfc822; bob@mail.example.com
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.mail.example.com. (192.0.2.1, the server for the domain mail.example.com.)
Diagnostic-Code: smtp; 550-5.1.1 The account does not exist.
 550 5.1.1 x1-2si1.7 - gsmtp
Last-Attempt-Date: Tue, 27 Jan 2026 04:00:01 -0800 (PST)
`,
      '5.1.1',
    ],
  ])('of %s', async (_, status, expected) => {
    const report = await parseBounce(dsn({ status }));
    expect(report?.messageId).toBe('<1@mail.example.com>');
    expect(report?.recipients.map(({ address, action, status: code }) => [address, action, code])).toEqual([
      ['bob@mail.example.com', 'failed', expected],
    ]);
  });

  it.each([
    ['rfc822; ann+2026@mail.example.com', 'ann+2026@mail.example.com'],
    ['rfc822; ann+2Bnews+3D1@mail.example.com', 'ann+news=1@mail.example.com'],
    ['rfc822; "ann+20b"@mail.example.com', '"ann b"@mail.example.com'],
    ['RFC822 ; <ann@mail.example.com>', 'ann@mail.example.com'],
    ['rfc822; Ann Lee <ann@mail.example.com>', 'ann@mail.example.com'],
    ['rfc822; ann@mail.example.com.', 'ann@mail.example.com'],
    ['smtp; ann@mail.example.com', 'ann@mail.example.com'],
    ['rfc822; "a<b>"@mail.example.com', '"a<b>"@mail.example.com'],
    ['utf-8; jörg@mail.example.com', 'jörg@mail.example.com'],
    ['utf-8; j\\x{F6}rg+2B1@mail.example.com', 'jörg+1@mail.example.com'],
    ['utf-8; a\\x{FFFFFF}@mail.example.com', 'a\\x{FFFFFF}@mail.example.com'],
  ])('names the recipient, written %j', async (written, address) => {
    const status = POSTFIX_STATUS.replace('rfc822; bob@mail.example.com', written).replace(/Original-R.*\n/, '');
    const report = await parseBounce(dsn({ status, statusType: 'message/global-delivery-status' }));
    expect(report?.recipients[0]?.address).toBe(address);
  });

  it('of mail that was passed on names whom it was sent to', async () => {
    const status = POSTFIX_STATUS.replace(
      'Final-Recipient: rfc822; bob@',
      'Final-Recipient: rfc822; robert@elsewhere.',
    );
    expect((await parseBounce(dsn({ status })))?.recipients[0]?.address).toBe('bob@mail.example.com');
  });

  it.each([
    [
      'comments',
      'Action: failed (bad destination)\nStatus: 5.1.1 (Bad (very bad) destination mailbox address)',
      '5.1.1',
    ],
    ['a comment first', 'Action: (it) Failed\nStatus: (so) 5.1.1', '5.1.1'],
    ['why in a comment alone', 'Action: failed\nStatus: 5.0.0 (5.2.2 Mailbox full)', '5.2.2'],
    [
      "the next server's code in quotes",
      "Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 5.1.0 - 550-'5.2.2 Full'",
      '5.2.2',
    ],
    ['a status that is a word', 'Action: failed\nStatus: permanent\nDiagnostic-Code: smtp; 550 5.1.1 Unknown', '5.1.1'],
    ['no status', 'Action: failed\nDiagnostic-Code: smtp; 550 User unknown', '5.0.0'],
    ['no action', 'Status: 5.1.1', '5.1.1'],
    ['another word for it', 'Action: failure\nStatus: 5.1.1', '5.1.1'],
    ['an IP address', 'Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1.7 says no', '5.0.0'],
  ])('with %s says what happened', async (_, said, expected) => {
    const status = `Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; bob@mail.example.com\n${said}\n`;
    const report = await parseBounce(dsn({ status }));
    expect(report?.recipients.map(({ action, status: code }) => [action, code])).toEqual([['failed', expected]]);
  });

  it.each([
    ['rfc822;', 'rfc822; bob@mail.example.com', ['bob@mail.example.com']],
    ['rfc822; <>', 'rfc822; bob@mail.example.com', ['bob@mail.example.com']],
    ['', '<bob@mail.example.com>', ['bob@mail.example.com']],
    ['rfc822; ann@mail.example.com', 'rfc822; bob@mail.example.com', ['ann@mail.example.com', 'bob@mail.example.com']],
    ['rfc822; "a;b (c)"@mail.example.com', 'rfc822;', ['"a;b (c)"@mail.example.com']],
    ['', 'rfc822; "a+20b"@mail.example.com', ['"a b"@mail.example.com', '"a+20b"@mail.example.com']],
    ['', 'rfc822; bob@mail.example.com (Bob)', ['bob@mail.example.com']],
  ])(
    'with the original recipient %j and the final one %j names whoever it can mean',
    async (original, final, names) => {
      const status = `Reporting-MTA: dns; x\n\nOriginal-Recipient: ${original}\nFinal-Recipient: ${final}\nAction: failed\nStatus: 5.1.1\n`;
      const [recipient] = (await parseBounce(dsn({ status })))?.recipients ?? [];
      expect([recipient?.address, ...(recipient?.alternatives ?? [])]).toEqual(names);
    },
  );

  it.each([
    ['no blank line before the first recipient', 'Reporting-MTA: dns; x\n', '\n\n'],
    ['no blank line between recipients', 'Reporting-MTA: dns; x\n\n', '\n'],
    ['no blank line at all', 'Reporting-MTA: dns; x\n', '\n'],
    ['nothing about the message', '', '\n\n'],
    ['blank lines of spaces', 'Reporting-MTA: dns; x\n \n', '\n \t\n'],
  ])('with %s names each recipient with what became of it', async (_, message, between) => {
    const of = (name: string, code: string) =>
      `Original-Recipient: rfc822; ${name}@mail.example.com\nFinal-Recipient: rfc822; x${name}@mail.example.com\nAction: failed\nStatus: ${code}`;
    const [first, second] = [of('a', '5.1.1'), of('b', '5.2.2')];
    const bare = second.replace(/^Original.*\n/, '');
    const exim = (text: string) => text.replace(/^((?:.*Recipient.*\n)+)(Action.*\n)/, '$2$1');
    for (const status of [
      first + between + second,
      exim(first) + between + exim(second),
      first + between + bare,
      bare + between + first,
    ]) {
      const report = await parseBounce(dsn({ status: `${message}${status}\n` }));
      const said = Object.fromEntries(
        report?.recipients.map(({ address, status: code }) => [address.replace(/^x/, ''), code]) ?? [],
      );
      expect(said).toEqual({ 'a@mail.example.com': '5.1.1', 'b@mail.example.com': '5.2.2' });
      expect(report?.messageId).toBe('<1@mail.example.com>');
    }
  });

  it.each([
    'message/rfc822-headers',
    'text/rfc822-headers',
    'text/rfc822',
    'message/partial; id="x"; number=1; total=2',
    'message/global',
    'message/global-headers',
  ])('that returns the message as %s names it', async (returnedType) => {
    expect((await parseBounce(dsn({ returnedType })))?.messageId).toBe('<1@mail.example.com>');
  });

  it.each([
    ['a field of its own', 'X-Original-Message-ID: <2@mail.example.com>\n', ''],
    ['what it answers', '', 'In-Reply-To: <2@mail.example.com>\n'],
    ['the thread', '', 'References: <1@mail.example.com> <2@mail.example.com>\n'],
  ])('without the message names it by %s', async (_, field, header) => {
    const status = POSTFIX_STATUS.replace('X-Postfix-Queue-ID: 4F2A\n', field);
    const raw = header.replace(/\n/g, '\r\n') + dsn({ status, returned: '', returnedType: 'text/plain' }).toString();
    expect((await parseBounce(Buffer.from(raw)))?.messageId).toBe('<2@mail.example.com>');
  });

  it('names the message without the comment beside its id', async () => {
    const returned = 'Message-ID: <1@mail.example.com> (added by mx.example.com)\n\nx';
    expect((await parseBounce(dsn({ returned })))?.messageId).toBe('<1@mail.example.com>');
  });

  it('in base64 is read too', async () => {
    const status = `${Buffer.from(POSTFIX_STATUS).toString('base64')}\n`;
    const statusType = 'message/delivery-status\nContent-Transfer-Encoding: base64';
    expect((await parseBounce(dsn({ status, statusType })))?.recipients[0]?.status).toBe('5.1.1');
  });

  it('is read at its beginning, however long the message that it returns', async () => {
    const returned = `Message-ID: <1@mail.example.com>\n\n${'x\n'.repeat(20_000)}`;
    expect((await parseBounce(dsn({ returned })))?.messageId).toBe('<1@mail.example.com>');
    const late = dsn().toString().replace("I'm sorry.", '\r\n'.repeat(20_000));
    expect(await parseBounce(Buffer.from(late))).toBeUndefined();
  });

  it('cut off anywhere, or with an octet that is wrong, is read or is none, and never an error', async () => {
    const whole = dsn();
    for (let at = 0; at < whole.length; at += 17) {
      const wrong = Buffer.from(whole);
      wrong[at] = 255 - (at % 256);
      for (const report of [await parseBounce(whole.subarray(0, at)), await parseBounce(wrong)])
        if (report !== undefined) expect(report.recipients.length).toBe(1);
    }
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
    [
      'a report without a status',
      dsn({ status: POSTFIX_STATUS.replace(/Status: 5.1.1\n|Diagnostic-Code: .*\n/g, '') }),
    ],
    ['a recipient without end', dsn({ status: POSTFIX_STATUS.replaceAll('bob', 'b'.repeat(2_000)) })],
    ['a recipient of another kind', dsn({ status: POSTFIX_STATUS.replaceAll('rfc822;', 'x400;') })],
    ['more than one may be', Buffer.concat([dsn(), Buffer.alloc(BOUNCE_BYTES_MAX)])],
    ['a read receipt', dsn({ statusType: 'message/disposition-notification' })],
  ])('is not %s', async (_, raw) => expect(await parseBounce(raw)).toBeUndefined());
});

describe('a hard bounce', () => {
  const bounce = (status: string, action: BouncedRecipient['action'] = 'failed') =>
    isHard({ address: 'a@b', action, status });
  it.each(['5.0.0', '5.1.0', '5.1.1', '5.1.2', '5.1.6', '5.1.10', '5.2.1', '5.4.1', '5.4.4'])('is %s', (status) =>
    expect(bounce(status)).toBe(true),
  );
  it.each(['5.2.2', '5.1.7', '5.1.8', '5.3.4', '5.4.3', '5.7.1', '4.1.1', '5.6.0', '5.1.100'])('is not %s', (status) =>
    expect(bounce(status)).toBe(false),
  );
  it.each([
    ['5.0.0', 'smtp; 550 No such user'],
    ['5.0.0', 'smtp; 550 Requested action not taken: mailbox unavailable'],
    ['5.0.0', "smtp; 554 delivery error: dd This user doesn't have an account here"],
    ['5.1.0', 'smtp; 550 5.1.1 <bob@mail.example.com>: Recipient address rejected: User unknown'],
    ['5.1.1', 'smtp; 550 5.1.1 The account does not exist; see our policy'],
  ])('is %s when the server says %j', (status, diagnostic) =>
    expect(isHard({ address: 'a@b', action: 'failed', status, diagnostic })).toBe(true),
  );
  it.each([
    ['5.0.0', 'smtp; 552 Too many recipients'],
    ['5.0.0', 'smtp; 552 Requested mail action aborted: exceeded storage allocation'],
    ['5.0.0', "smtp; 5.1.0 - Unknown address error 550-'5.2.2 <user@example.org>... Mailbox Full'"],
    ['5.1.1', 'smtp; 550 the mailbox is full'],
    ['5.2.1', 'smtp; 552 over quota'],
    ['5.0.0', 'smtp; 554 Message refused as spam'],
    ['5.0.0', 'smtp; 550 Relaying denied'],
    ['5.0.0', 'smtp; 550 5.7.1 Blocked by policy'],
    ['5.0.0', 'smtp; 550 Sender unknown'],
    ['5.0.0', 'smtp; 452 No such user, try again later'],
    ['5.0.0', 'smtp; 554 Transaction failed'],
  ])('is not %s when the server says %j', (status, diagnostic) =>
    expect(isHard({ address: 'a@b', action: 'failed', status, diagnostic })).toBe(false),
  );
  it('is not one that is only delayed', () => expect(bounce('5.1.1', 'delayed')).toBe(false));
});

describe("a gateway's own report", () => {
  const recipients = [{ address: 'bob@mail.example.com', status: '5.1.1' }];
  it('names the message by either of its ids, and says failed when it says nothing', () => {
    for (const id of [{ messageId: '<1@mail.example.com>' }, { email_id: '1' }])
      expect(bounceReport.parse({ ...id, recipients })).toEqual({
        ...id,
        recipients: [{ ...recipients[0], action: 'failed' }],
      });
  });

  it.each([
    { recipients },
    { email_id: '1' },
    { email_id: '1', recipients: [] },
    { email_id: '1', recipients: [{ address: 'bob@mail.example.com', status: '550' }] },
    { email_id: '1', recipients: Array.from({ length: 101 }, () => recipients[0]) },
    { email_id: '1', recipients, more: 1 },
  ])('is refused when it is not whole, %#', (report) => expect(bounceReport.safeParse(report).success).toBe(false));
});
