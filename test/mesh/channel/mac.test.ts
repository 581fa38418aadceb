import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Mac } from '../../../mesh/channel/mac.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const hex = (octets: Uint8Array) => Buffer.from(octets).toString('hex');

describe('a MAC', () => {
  it.each([
    ['0b'.repeat(20), hex(Buffer.from('Hi There')), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
    [
      hex(Buffer.from('Jefe')),
      hex(Buffer.from('what do ya want for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
  ])('is that of RFC 4231 for the key %s', (key, message, mac) => {
    expect(hex(new Mac(Buffer.from(key, 'hex')).of(Buffer.from(message, 'hex')))).toBe(mac);
  });

  it('is what the platform computes, of any parts, again and again under one key', () => {
    const random = seededRandom(1);
    for (const size of [0, 1, 32, 63, 64]) {
      const key = random.bytes(size);
      const mac = new Mac(key);
      for (const length of [0, 1, 55, 56, 63, 64, 65, 1_000, 70_000]) {
        const parts = [random.bytes(8), random.bytes(length)] as const;
        const expected = createHmac('sha256', key).update(parts[0]).update(parts[1]).digest();
        expect(hex(mac.of(...parts)), `${size}, ${length}`).toBe(hex(expected));
      }
    }
  });

  it('takes no key that would have to be hashed first', () => {
    expect(() => new Mac(new Uint8Array(65))).toThrow('hashed first');
  });
});
