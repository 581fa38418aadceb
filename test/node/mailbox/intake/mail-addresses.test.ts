import { describe, expect, it } from 'vitest';
import { decodedLine, mailboxesOf } from '../../../../node/mailbox/intake/mail-addresses.ts';

describe('encoded words', () => {
  it.each([
    ['=?utf-8?B?w6nDqcM=?= =?utf-8?B?qQ==?=', 'ééé'],
    ['=?utf-8?B?w6nDqcM=?=\r\n\t=?UTF-8?b?qQ==?= and =?utf-8?B?w6k=?=', 'ééé and é'],
    ['=?utf-8?B?w6k=?= =?utf-8?Q?=C3=A9?= =?iso-8859-1?B?6Q==?= x', 'ééé x'],
    ['=?utf-8?B?w6k=?= =?utf-8?B?w6k', 'é =?utf-8?B?w6k'],
    ['=?utf-8?B??= =?utf-8?B?w6k=?=', 'é'],
  ])('%j are %j', (value, text) => {
    expect(decodedLine(value)).toBe(text);
  });

  it('are read in time, however many there are', () => {
    const many = '=?utf-8?B?w6nDqcM=?= '.repeat(1_500);
    expect(decodedLine(many).startsWith('éé')).toBe(true);
  });
});

describe('an address of a header', () => {
  it.each([
    ['"Jane Doe"@y.com', '"Jane Doe"@y.com', '"jane doe"@y.com'],
    ['Jane <"Jane Doe"@y.com>', 'Jane <"Jane Doe"@y.com>', '"jane doe"@y.com'],
    ['"a@b"@y.com', '"a@b"@y.com', '"a@b"@y.com'],
    ['"a\\"b"@y.com', '"a\\"b"@y.com', '"a\\"b"@y.com'],
    ['x <"bob@bank.example"@y.com>', 'x <"bob@bank.example"@y.com>', '"bob@bank.example"@y.com'],
    ['"jane"@y.com', 'jane@y.com', 'jane@y.com'],
    ['Jane Doe <jane@y.com>', 'Jane Doe <jane@y.com>', 'jane@y.com'],
    ['a..b@y.com', 'a..b@y.com', 'a..b@y.com'],
  ])('is read with the quotes that it needs: %s', (value, shown, address) => {
    expect(mailboxesOf([value])).toEqual([{ shown, address }]);
  });

  it('is read whole, or not at all: the beginning of one is somebody else’s', () => {
    for (const end of [' <a@bank.example', ',a@bank.example'])
      for (const before of ['x', '"x']) {
        const value = `${before.padEnd(32 * 1024 - end.length, 'x')}${end}.evil.com>`;
        expect(mailboxesOf([value]).map(({ address }) => address)).not.toContain('a@bank.example');
      }
    expect(mailboxesOf([`a@x.com, ${'b'.repeat(40_000)}@x.com`])).toEqual([{ shown: 'a@x.com', address: 'a@x.com' }]);
  });

  it.each(['nobody', '@y.com', 'jane@', '<a\u2028b@y.com>', 'undisclosed:;'])('is none as %j', (value) => {
    expect(mailboxesOf([value])).toEqual([]);
  });
});
