import { describe, expect, it } from 'vitest';
import { displayNameFault, metadataFault, textFault } from '../../../node/registry/address-details.ts';

describe('a displayName', () => {
  it.each(['Titania', '臺灣', 'O’Brien & Söhne', '😀'.repeat(63), 'é'.repeat(127), '', 'a.b', ' spaced '])(
    'may be %j',
    (text) => {
      expect(displayNameFault(text)).toBeUndefined();
    },
  );

  it.each([
    ['x'.repeat(129), 'at most 128 characters'],
    ['😀'.repeat(64), 'at most 255 octets'],
    ['é'.repeat(128), 'at most 255 octets'],
    ['a/b', "'/'"],
    ['a\\b', "'/'"],
    ['..', 'dot'],
    ['.hidden', 'dot'],
    ['a\nb', 'control'],
    ['a\u0000', 'control'],
    ['a\u0085', 'control'],
    ['\ud800', 'surrogates'],
  ])('may not be %j', (text, why) => {
    expect(displayNameFault(text)).toContain(why);
  });
});

describe('a name', () => {
  it('is measured in characters, not in UTF-16 units', () => {
    expect(textFault('😀😀', 2)).toBeUndefined();
    expect(textFault('😀😀😀', 2)).toContain('at most 2');
  });
});

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
    ['a key that is too long', { ['k'.repeat(129)]: 'v' }, 'k'.repeat(129), '128 characters'],
  ])('may not have %s', (_, metadata, key, why) => {
    expect(metadataFault(metadata)).toEqual({
      message: expect.stringContaining(why),
      ...(key === undefined ? {} : { key }),
    });
  });
});
