import { describe, expect, it } from 'vitest';
import { printable, refuseLineBreaks } from '../../../node/send/header-text.ts';

describe('text of one line', () => {
  it.each([
    '',
    'Hello, Bob',
    'Grüße aus Köln',
    '日本語',
    'a 😀 b',
    'no\u00a0break',
    'soft\u00adhyphen',
    "tab's kin: \u3000",
  ])('is taken: %j', (text) => expect(() => refuseLineBreaks(text, 'subject')).not.toThrow());

  it.each([
    ['a line feed', 'a\nBcc: x@x.com', '000A'],
    ['a carriage return', 'a\rb', '000D'],
    ['a NUL', '\0', '0000'],
    ['a tab', 'a\tb', '0009'],
    ['a DEL', 'a\x7f', '007F'],
    ['a NEL', 'a\x85b', '0085'],
    ['the last of the C1 controls', '\x9f', '009F'],
    ['a line separator', 'a\u2028b', '2028'],
    ['a paragraph separator', 'a\u2029b', '2029'],
    ['the first half of a pair', 'a\ud83d', 'D83D'],
    ['the second half of a pair', '\ude00a', 'DE00'],
    ['the first of several', 'a\r\n', '000D'],
  ])('is refused with %s, naming the field and what it has', (_, text, code) => {
    expect(() => refuseLineBreaks(text, 'subject')).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        field: 'subject',
        message: `'subject' must be one line of text without control characters; it has U+${code}.`,
      }),
    );
  });
});

describe("a server's words", () => {
  it.each([
    ['as they are', '250 2.0.0 Ok', '250 2.0.0 Ok'],
    ['in one line', '550-No\r\n550 such user', '550-No 550 such user'],
    ['without what ends lines elsewhere', 'a\u2028\u2029\x85b', 'a b'],
    ['without halves of pairs', 'a\ud83db😀', 'a b😀'],
    ['without what stands around them', ' \r\n ok \n', 'ok'],
    ['with each run of controls as one space', 'a\0\x01b\x02c', 'a b c'],
    ['up to 500 characters', 'x'.repeat(501), 'x'.repeat(500)],
  ])('are printed %s', (_, said, printed) => expect(printable(said)).toBe(printed));
});
