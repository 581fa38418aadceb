import { describe, expect, it } from 'vitest';
import { operatorText } from '../../../node/machine/edited-text.ts';

describe('a file that a person wrote', () => {
  it('may begin with a byte order mark, which is no part of its text', () => {
    expect(operatorText(Buffer.from('\ufeff{"é":1}'))).toBe('{"é":1}');
    expect(operatorText(Buffer.from(''))).toBe('');
    expect(operatorText(Buffer.from('{'))).toBe('{');
  });
  it.each([
    ['with a mark', Buffer.from('\ufeff{}', 'utf16le')],
    ['with a mark, big-endian', Buffer.from('\ufeff{}', 'utf16le').swap16()],
    ['without', Buffer.from('{}', 'utf16le')],
    ['without, big-endian', Buffer.from('{}', 'utf16le').swap16()],
  ])('in UTF-16 is told so: %s', (_, octets) => expect(() => operatorText(octets)).toThrow(/UTF-16; save it as UTF-8/));
  it('in Latin-1 is told so', () =>
    expect(() => operatorText(Buffer.from('{"é":1}', 'latin1'))).toThrow(/is not UTF-8; save it as UTF-8/));
});
