import { describe, expect, it } from 'vitest';
import { splitAddress } from '../../../mesh/address/split.ts';

/** Display name, local part, whether that was quoted, domain. */
const partsOf = (text: string) => {
  const parts = splitAddress(text);
  return parts.valid ? [parts.displayName, parts.localPart, parts.isQuoted, parts.domain] : parts.code;
};

describe('splitAddress', () => {
  it.each([
    ['a@b', [undefined, 'a', false, 'b']],
    ['a@', [undefined, 'a', false, '']],
    ['@b', [undefined, '', false, 'b']],
    ['a@b@c', [undefined, 'a', false, 'b@c']],
    ['"a@b"@c', [undefined, 'a@b', true, 'c']],
    ['"a\\"@b"@c', [undefined, 'a"@b', true, 'c']],
    ['"a\\\\"@c', [undefined, 'a\\', true, 'c']],
    ['"<a"@c', [undefined, '<a', true, 'c']],
    ['Ann <a@b>', ['Ann', 'a', false, 'b']],
    ['<a@b>', ['', 'a', false, 'b']],
    ['"Ann <x@y>" <a@b>', ['Ann <x@y>', 'a', false, 'b']],
    ['Ann <a@b>  ', ['Ann', 'a', false, 'b']],
    ['Ann <"a>"@b>', ['Ann', 'a>', true, 'b']],
    ['Zoe\u0308 <a@b>', 'display_name_characters'],
    ['"Zoe\u0308" <a@b>', ['Zo\u00eb', 'a', false, 'b']],
    // `<` and U+0338 are one character, `≮`.
    ['a<\u0338b@c', [undefined, 'a<\u0338b', false, 'c']],
  ])('takes %j apart', (text, expected) => {
    expect(partsOf(text)).toEqual(expected);
  });

  it.each([
    ['ab', 'no_at_sign'],
    ['', 'no_at_sign'],
    ['"a@b"', 'no_at_sign'],
    ['Ann <ab>', 'no_at_sign'],
    ['a\uff20b', 'lookalike_at_sign'],
    ['a\ufe6bb', 'lookalike_at_sign'],
    ['"a"b@c', 'after_closing_quote'],
    ['A.B <a@b>', 'display_name_characters'],
    ['Ann <a@b', 'angle_brackets'],
    ['Ann <a@b> x', 'angle_brackets'],
  ])('refuses %j with %s', (text, code) => {
    expect(partsOf(text)).toBe(code);
  });

  it('keeps the address itself as it was given', () => {
    expect(splitAddress('Ann <"a\\b"@C>')).toMatchObject({ original: '"a\\b"@C', localPart: 'ab', domain: 'C' });
  });
});
