import { describe, expect, it } from 'vitest';
import { lowerMailboxName, parseLocalPart } from '../../../mesh/address/local-part.ts';
import type { AddressOptions } from '../../../mesh/address/options.ts';

const QUOTING: AddressOptions = { allowQuotedLocal: true };
const STRICT: AddressOptions = { strict: true };

/** The local part and whether it needs SMTPUTF8, or the code of the fault. */
const read = (text: string, isQuoted: boolean, options: AddressOptions) => {
  const parsed = parseLocalPart(text, isQuoted, options);
  return parsed.valid ? [parsed.localPart, parsed.smtputf8] : parsed.code;
};

describe('the part before the @', () => {
  it.each<[string, AddressOptions, unknown]>([
    ['a.b+c', {}, ['a.b+c', false]],
    ["o'brien/x=y", {}, ["o'brien/x=y", false]],
    ['Ann', {}, ['Ann', false]],
    ['PostMaster', {}, ['postmaster', false]],
    ['zo\u00eb', {}, ['zo\u00eb', true]],
    ['zoe\u0308', {}, ['zo\u00eb', true]],
    ['zo\u00eb', { allowSmtputf8: false }, 'smtputf8_not_allowed'],
    ['', {}, 'empty_local_part'],
    ['', { allowEmptyLocal: true }, ['', false]],
    ['.a', {}, 'local_part_dots'],
    ['a.', {}, 'local_part_dots'],
    ['a..b', {}, 'local_part_dots'],
    ['a b', {}, 'local_part_characters'],
    ['a@b', {}, 'local_part_characters'],
    ['a\u200bb', {}, 'unsafe_characters'],
    // U+037E, a question mark in Greek, is a semicolon in NFC.
    ['a\u037eb', {}, 'local_part_characters'],
  ])('%j with %j is %j', (text, options, expected) => {
    expect(read(text, false, options)).toEqual(expected);
  });

  it.each<[string, AddressOptions, unknown]>([
    ['a', QUOTING, ['a', false]],
    ['john doe', QUOTING, ['"john doe"', false]],
    ['a"b\\c', QUOTING, ['"a\\"b\\\\c"', false]],
    ['a..b', QUOTING, ['"a..b"', false]],
    ['zo\u00eb doe', QUOTING, ['"zo\u00eb doe"', true]],
    ['a\nb', QUOTING, 'local_part_characters'],
    ['john doe', {}, 'quoted_local_part_not_allowed'],
    // It needs no quotes, and was not to be quoted all the same.
    ['a', {}, 'quoted_local_part_not_allowed'],
  ])('%j in quotes with %j is %j', (text, options, expected) => {
    expect(read(text, true, options)).toEqual(expected);
  });

  it.each<[string, boolean, AddressOptions, boolean]>([
    ['a'.repeat(64), false, STRICT, true],
    ['a'.repeat(65), false, STRICT, false],
    ['a'.repeat(65), false, {}, true],
    ['\u00eb'.repeat(32), false, STRICT, true],
    ['\u00eb'.repeat(33), false, STRICT, false],
    // With its quotes and backslashes.
    [`${'a'.repeat(60)} "`, true, { ...STRICT, ...QUOTING }, false],
    [`${'a'.repeat(60)} x`, true, { ...STRICT, ...QUOTING }, true],
  ])('%j, quoted: %s, with %j, is short enough: %s', (text, isQuoted, options, isFine) => {
    const parsed = parseLocalPart(text, isQuoted, options);
    expect(parsed.valid || parsed.code).toBe(isFine || 'local_part_too_long');
  });

  it.each([
    ['ABUSE', 'abuse'],
    ['Abuse+x', 'Abuse+x'],
    ['Ann', 'Ann'],
  ])('of the names that every host takes without regard to case: %j is %j', (given, lowered) => {
    expect(lowerMailboxName(given)).toBe(lowered);
  });
});
