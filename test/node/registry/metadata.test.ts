import { describe, expect, it } from 'vitest';
import { metadataFault } from '../../../node/registry/metadata.ts';

describe('metadata', () => {
  it('may have 20 keys and 2 KiB as UTF-8 JSON', () => {
    expect(metadataFault(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`k${at}`, ''])))).toBeUndefined();
    expect(metadataFault({ k: 'x'.repeat(2_048 - '{"k":""}'.length) })).toBeUndefined();
  });

  it.each([
    ['21 keys', Object.fromEntries(Array.from({ length: 21 }, (_, at) => [`k${at}`, ''])), undefined, '20 keys'],
    ['one octet too many', { k: 'x'.repeat(2_049 - '{"k":""}'.length) }, undefined, '2048 octets'],
    ['more octets than characters', { k: 'ü'.repeat(1_100) }, undefined, '2048 octets'],
    ['an empty key', { '': 'v' }, '', 'at least 1'],
    ['a prototype name', { constructor: 'v' }, 'constructor', 'inherits'],
    ['a prototype name in other case', { Constructor: 'v' }, 'Constructor', 'inherits'],
    ['a control character in a key', { 'a\u0007': 'v' }, 'a\u0007', 'control'],
    ['half a character in a key', { 'a\ud83d': 'v' }, 'a\ud83d', 'lone surrogates'],
    ['half a character in a value', { a: 'v', b: '\udca1v' }, 'b', 'lone surrogates'],
    ['a key that is too long', { ['k'.repeat(129)]: 'v' }, 'k'.repeat(129), '128 characters'],
  ])('may not have %s', (_, metadata, key, why) => {
    expect(metadataFault(metadata)).toEqual({
      message: expect.stringContaining(why),
      ...(key === undefined ? {} : { key }),
    });
  });

  it('may keep a value that was there before such values were refused', () => {
    const before = { old: '\ud83d', other: 'v' };
    expect(metadataFault({ ...before, new: 'v' }, before)).toBeUndefined();
    expect(metadataFault({ ...before, other: '\ud83d' }, before)).toMatchObject({ key: 'other' });
  });
});
