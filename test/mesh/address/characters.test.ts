import { describe, expect, it } from 'vitest';
import { checkSafe, countOctets, listCharacters, quoteText, showCharacter } from '../../../mesh/address/characters.ts';

describe('showing a character', () => {
  it.each([
    ['a', "'a'"],
    ["'", `"'"`],
    ['\\', '"\\"'],
    ['\u{1f600}', "'\u{1f600}'"],
    [' ', 'SPACE'],
    ['\u202e', 'RIGHT-TO-LEFT OVERRIDE'],
    ['\u0301', 'COMBINING ACUTE ACCENT'],
    ['\ufe0f', 'VARIATION SELECTOR-16'],
    ['\u{e0067}', 'TAG LATIN SMALL LETTER G'],
    ['\n', 'U+000A'],
    ['\u05c1', 'U+05C1'],
    ['\ud800', 'U+D800'],
    ['\uffff', 'U+0000FFFF'],
    ['\u{10fdef}', 'U+0010FDEF'],
  ])('%j gives %s', (character, shown) => {
    expect(showCharacter(character)).toBe(shown);
  });
});

describe('a list of characters', () => {
  it('names each once, in the order of code points', () => {
    expect(listCharacters('b\u{10000}a\uffe5b', /./gu)).toBe("'a', 'b', '\uffe5', '\u{10000}'");
  });

  it('is absent when nothing was found', () => {
    expect(listCharacters('ab', /c/gu)).toBeUndefined();
  });
});

describe('a safe text', () => {
  it('may hold marks, but not begin with one', () => {
    expect(checkSafe('e\u0301', 'refused')).toBeUndefined();
    expect(checkSafe('\u0301e', 'refused')).toMatchObject({ code: 'unsafe_characters' });
  });

  it('may hold spaces where they are allowed, but no line separators', () => {
    expect(checkSafe('a\u00a0b', 'allowed')).toBeUndefined();
    expect(checkSafe('a\u00a0b', 'refused')).toMatchObject({ error: expect.stringContaining('NO-BREAK SPACE') });
    expect(checkSafe('a\u202e\u200b', 'refused')).toMatchObject({
      error: expect.stringContaining('ZERO WIDTH SPACE, RIGHT-TO-LEFT OVERRIDE.'),
    });
    expect(checkSafe('a\u2028b', 'allowed')).toMatchObject({ error: expect.stringContaining('LINE SEPARATOR') });
  });

  it.each(['\0', '\u007f', '\u0085', '\u200b', '\u202e', '\ud800', '\ue000', '\u0378'])(
    'never holds %j',
    (character) => {
      expect(checkSafe(`a${character}`, 'allowed')).toMatchObject({ code: 'unsafe_characters' });
    },
  );
});

describe('quoting a text', () => {
  it('escapes what could not be read, or would end the quote', () => {
    expect(quoteText("it's \\ a\n\u202e")).toBe("'it\\'s \\\\ a\\u{a}\\u{202e}'");
  });
});

describe('counting octets', () => {
  it.each(['', 'a', 'é', '臺', '\u{1f600}', 'aé臺\u{1f600}'])('of %j is as UTF-8 has it', (text) => {
    expect(countOctets(text)).toBe(new TextEncoder().encode(text).length);
  });
});
