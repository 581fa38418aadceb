import { describe, expect, it } from 'vitest';
import { mailboxesOf } from '../../../../node/mailbox/intake/mail-addresses.ts';

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
