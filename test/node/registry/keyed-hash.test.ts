import { describe, expect, it } from 'vitest';
import { keyedHash } from '../../../node/registry/keyed-hash.ts';

const secret = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const keyed = keyedHash(secret);
const hash = keyed.text;

describe('the hash of addresses', () => {
  it('is the same for the same text, and a number of 32 bits', () => {
    const text = 'a@x.com';
    expect(hash(text)).toBe(keyedHash(secret).text([...text].join('')));
    expect(hash(text)).toBe(hash(text) >>> 0);
  });

  it('is another with each octet of the secret', () => {
    const seen = new Set([hash('a@x.com')]);
    for (let at = 0; at < secret.length; at += 1) seen.add(keyedHash(secret.with(at, 0xff)).text('a@x.com'));
    expect(seen.size).toBe(9);
  });

  it.each(['', 'a', 'ab', 'abc', 'abcd', 'a\0', '\0', '\0\0', 'é', '臺', '🦊'])(
    'tells %j from the same and a bit more',
    (text) => {
      const others = ['\0', 'a', '臺'].map((end) => hash(text + end));
      expect(new Set([hash(text), ...others]).size).toBe(4);
    },
  );

  it.each([
    '',
    'a',
    'ab',
    'abc',
    'abcd',
    'abcde',
    'a@x.com',
    'a\0',
    'é@x.com',
    '臺',
    '🦊',
    'long'.repeat(64),
    'long'.repeat(65),
  ])('is the same of %j as of its octets, wherever they stand', (text) => {
    const octets = Buffer.from(`before${text}behind`);
    expect(keyed.octets(octets, 6, octets.length - 6)).toBe(hash(text));
  });

  it('spreads addresses that differ in a digit over all places', () => {
    const places = new Uint32Array(64);
    for (let at = 0; at < 64_000; at += 1) {
      const place = hash(`address-${at}@bench.example.com`) % 64;
      places[place] = (places[place] ?? 0) + 1;
    }
    // 1,000 on the average; six standard deviations.
    for (const count of places) expect(Math.abs(count - 1_000)).toBeLessThan(6 * Math.sqrt(1_000));
  });
});
