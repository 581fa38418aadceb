import { describe, expect, it } from 'vitest';
import { compareKeys, encodeWrite } from '../../../node/store/record.ts';

describe('a write', () => {
  it.each([
    ['an empty key', { key: '', value: 1 }],
    ['half a surrogate pair in the key', { key: 'a\ud800', value: 1 }],
    ['a key without end', { key: 'k'.repeat(10_000), value: 1 }],
    ['a function', { key: 'a', value: () => 1 }],
    ['a symbol', { key: 'a', value: Symbol('a') }],
    ['a bigint', { key: 'a', value: 1n }],
    ['a circle', { key: 'a', value: circle() }],
  ])('with %s is refused as a bug', (_name, write) => {
    expect(() => encodeWrite(write)).toThrow(TypeError);
  });

  it('without a value removes its key', () => {
    expect(encodeWrite({ key: 'a', value: undefined })).toEqual({ key: 'a', text: undefined });
  });
});

describe('compareKeys', () => {
  it('orders as the UTF-8 octets do', () => {
    const keys = [
      '',
      'a',
      'a\0',
      'ab',
      'b',
      '\u007f',
      '\u0080',
      '\ud7ff',
      '\ue000',
      '\uffff',
      '\u{10000}',
      '\u{10ffff}',
    ];
    for (const left of keys) {
      for (const right of keys) {
        const octets = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(compareKeys(left, right)), `${JSON.stringify(left)} and ${JSON.stringify(right)}`).toBe(
          octets,
        );
      }
    }
  });
});

function circle(): unknown {
  const round: Record<string, unknown> = {};
  round.round = round;
  return round;
}
