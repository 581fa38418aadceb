import { crc32 } from 'node:zlib';
import { expect, it } from 'vitest';
import { checksum } from '../../../node/store/record-reader.ts';

it.each([
  ['ASCII', 'agent/a1', '{"id":"a1"}'],
  ['what is no ASCII', 'claim/register/ünï@exämple.com', '{"name":"Zoë 🧚"}'],
  ['a key that ends in two units, and a text that is one digit', 'agent/🧚', '1'],
  ['an empty text', 'agent/a1', ''],
])(
  'the checksum of %s is that of the octets of its key and then of its text, as stores have had it',
  (_, key, text) => {
    expect(checksum(key, text)).toBe(crc32(Buffer.from(text), crc32(Buffer.from(key))));
  },
);
