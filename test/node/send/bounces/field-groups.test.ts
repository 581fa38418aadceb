// The groups of a delivery report (RFC 3464 section 2.1), and those of systems that leave blank lines or groups out.
import { describe, expect, it } from 'vitest';
import { fieldGroups, headersOf } from '../../../../node/send/bounces/field-groups.ts';

const lines = (...rows: readonly string[]) => rows.join('\r\n');
const recipient = (address: string, status = '5.1.1') => [
  `Final-Recipient: rfc822; ${address}`,
  'Action: failed',
  `Status: ${status}`,
];
const finals = (text: string) => fieldGroups(text).recipients.map((fields) => fields['final-recipient']);

describe('the groups of a report', () => {
  it('are one of the message and one for each recipient', () => {
    const text = lines('Reporting-MTA: dns; mx', '', ...recipient('a@x.com'), '', ...recipient('b@x.com', '4.2.2'), '');
    expect(fieldGroups(text)).toEqual({
      message: { 'reporting-mta': 'dns; mx' },
      recipients: [
        { 'final-recipient': 'rfc822; a@x.com', action: 'failed', status: '5.1.1' },
        { 'final-recipient': 'rfc822; b@x.com', action: 'failed', status: '4.2.2' },
      ],
    });
  });

  it.each<[string, string, readonly string[]]>([
    [
      'without the blank line behind the first',
      lines('Reporting-MTA: dns; mx', ...recipient('a@x.com')),
      ['rfc822; a@x.com'],
    ],
    [
      'without a blank line between recipients',
      lines(...recipient('a@x.com'), ...recipient('b@x.com')),
      ['rfc822; a@x.com', 'rfc822; b@x.com'],
    ],
    ['without the group of the message', lines(...recipient('a@x.com')), ['rfc822; a@x.com']],
    [
      'with blanks in a blank line',
      lines('Reporting-MTA: dns; mx', ' \t', ...recipient('a@x.com')),
      ['rfc822; a@x.com'],
    ],
    ['with bare line feeds', ['Reporting-MTA: dns; mx', '', ...recipient('a@x.com')].join('\n'), ['rfc822; a@x.com']],
    ['of nobody', lines('Reporting-MTA: dns; mx'), []],
    ['of nothing', '', []],
  ])('are found %s', (_, text, expected) => {
    expect(finals(text)).toEqual(expected);
  });

  it('are one for each recipient that is only named', () => {
    expect(finals(lines('Final-Recipient: rfc822; a@x.com', 'Final-Recipient: rfc822; b@x.com'))).toHaveLength(2);
  });

  it('are one of the message also where nothing parts it from the first recipient', () => {
    expect(fieldGroups(lines('Reporting-MTA: dns; mx', ...recipient('a@x.com'))).message).toEqual({
      'reporting-mta': 'dns; mx',
    });
  });

  it('begin with an original recipient behind a whole group that has none', () => {
    const text = lines(...recipient('a@x.com'), 'Original-Recipient: rfc822; list@x.com', ...recipient('b@x.com'));
    expect(fieldGroups(text).recipients.map((one) => one['original-recipient'])).toEqual([
      undefined,
      'rfc822; list@x.com',
    ]);
  });

  it('keep an original recipient with the final one behind it', () => {
    const original = 'Original-Recipient: rfc822; list@x.com';
    const { recipients } = fieldGroups(lines(original, ...recipient('a@x.com'), original, ...recipient('b@x.com')));
    expect(recipients.map((one) => [one['original-recipient'], one['final-recipient']])).toEqual([
      ['rfc822; list@x.com', 'rfc822; a@x.com'],
      ['rfc822; list@x.com', 'rfc822; b@x.com'],
    ]);
  });

  it('have each field once, the first, with its folded lines, and no inherited name', () => {
    const { recipients } = fieldGroups(
      lines('Final-Recipient: rfc822; a@x.com', 'Diagnostic-Code: smtp; 550', '\tno such user', 'X-Of: 1', 'X-Of: 2'),
    );
    expect(recipients[0]?.['diagnostic-code']).toBe('smtp; 550 no such user');
    expect(recipients[0]?.['x-of']).toBe('1');
    expect(recipients[0]?.constructor).toBeUndefined();
  });
});

describe('headers', () => {
  it('are those before the first blank line', () => {
    expect(headersOf(lines('', 'From: a@x.com', 'Subject: one', ' more', 'Subject: two', '', 'Body: no'))).toEqual({
      from: 'a@x.com',
      subject: 'one more',
    });
  });
});
