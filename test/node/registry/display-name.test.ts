import { describe, expect, it } from 'vitest';
import { displayNameFault, textFault } from '../../../node/registry/display-name.ts';

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
