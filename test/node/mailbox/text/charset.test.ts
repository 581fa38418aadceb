// The text of octets, by the character sets that mail declares and by those that it means.
import { describe, expect, it } from 'vitest';
import { decodedText } from '../../../../node/mailbox/text/charset.ts';

describe('the text of octets', () => {
  it.each<[string | undefined, number[], string]>([
    ['utf-8', [0xc3, 0xa9], 'é'],
    ['UTF-8', [0xff], '\ufffd'],
    [undefined, [0xc3, 0xa9], 'é'],
    [undefined, [0xe9], 'é'],
    ['us-ascii', [0xc3, 0xa9], 'é'],
    ['iso-8859-1', [0x93, 0xe9, 0x94], '“é”'],
    ['iso-8859-1', [0xc3, 0xa9], 'é'],
    ['iso-8859-15', [0xa4], '€'],
    ['windows-1251', [0xcf, 0xf0], 'Пр'],
    ['koi8-r', [0xf0, 0xd2], 'Пр'],
    ['cp932', [0x83, 0x65], 'テ'],
    ['Shift_JIS', [0x83, 0x65], 'テ'],
    ['iso-2022-jp', [0x1b, 0x24, 0x42, 0x25, 0x46, 0x1b, 0x28, 0x42], 'テ'],
    ['gb2312', [0xc4, 0xe3], '你'],
    ['euc-kr', [0xc7, 0xd1], '한'],
    ['big5', [0xa7, 0x41], '你'],
    ['no-such-set', [0xe9], 'é'],
    ['x'.repeat(100_000), [0x61], 'a'],
    ['utf-8\0', [0x61], 'a'],
  ])('declared as %s', (charset, octets, text) => {
    expect(decodedText(Uint8Array.from(octets), charset)).toBe(text);
  });
});
