import { toUnicode } from 'tr46';
import { describe, expect, it } from 'vitest';
import { convertLabel, mapDomain } from '../../../mesh/address/idna.ts';

describe('a label', () => {
  it.each([
    ['臺網中心', 'xn--fiqq24b10vi0d'],
    ['straße', 'xn--strae-oqa'],
    ['ελληνικός', 'xn--qxaegecap6byf'],
    ['עברית', 'xn--5dbqzzl'],
    ['l·l', 'xn--ll-0ea'],
    ['カ・タ', 'xn--lckxb3k'],
    ['〇', 'xn--w6j'],
    ['plain-1', 'plain-1'],
  ])('%s is %s on the wire, both ways', (unicode, ascii) => {
    expect(convertLabel(unicode)).toEqual({ unicode, ascii });
    expect(convertLabel(ascii)).toEqual({ unicode, ascii });
  });

  it.each([
    ['an emoji', '\u{1f600}', 'U+1F600'],
    ['an emoji behind an A-label', 'xn--e28h', 'U+1F600'],
    ['upper case', 'Ä', 'U+00C4'],
    ['a symbol', 'a\u2665', 'position 2'],
    ['old jamo', '\u1100', 'U+1100'],
    ['a tatweel', 'مـم', 'U+0640'],
    ['a musical sign', 'a\u{1d165}', 'U+1D165'],
    ['a combining sign for symbols', 'a\u20d0', 'U+20D0'],
    ['a middle dot that is not between two l', 'a·l', 'U+00B7'],
    ['a middle dot at the end', 'l·', 'U+00B7'],
    ['a Greek numeral sign before no Greek', '͵a', 'U+0375'],
    ['a geresh after no Hebrew', 'a׳', 'U+05F3'],
    ['a Katakana dot among no Japanese', 'a・b', 'U+30FB'],
    ['Arabic digits of both kinds', 'ا٠۰', 'U+0660'],
    ['Arabic digits of both kinds, the other first', 'ا۰٠', 'U+06F0'],
    ['a mark in first place', '\u0301a', 'combining mark'],
    ['hyphens in third and fourth place', 'éa--', 'hyphens'],
    ['Hebrew after Latin', 'aא', 'bidirectional'],
    ['nothing behind xn--', 'xn--', 'Invalid A-label'],
    ['ASCII behind xn--', 'xn--abc-', 'Invalid A-label'],
    ['Punycode that does not decode', 'xn--0', 'Invalid A-label'],
    ['64 octets', 'a'.repeat(64), 'too long'],
    ['59 letters that need 64 octets', `ß${'a'.repeat(57)}`, 'too long'],
    ['more letters than any label can have', '臺'.repeat(500), 'too long'],
  ])('of %s is refused', (_, label, problem) => {
    expect(convertLabel(label)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it.each(['͵α', 'א׳', '・カ', '・名', 'ا٠١', 'ا۰۱', 'é-a'])('%s keeps the rules of context', (label) => {
    expect(convertLabel(label)).toMatchObject({ unicode: label });
  });

  it('is refused when an A-label hides joiners, which are invisible', () => {
    // نامه‌ای, with U+200C: valid in IDNA 2008, but two such names look the same.
    expect(convertLabel('xn--mgba3gch31f060k')).toEqual({ problem: expect.stringContaining('U+200C') });
  });
});

describe('mapping a name', () => {
  it.each([
    ['EXAMPLE.Com', 'example.com'],
    ['ÉCOLE.fr', 'école.fr'],
    ['E\u0301cole.fr', 'école.fr'],
    ['STRAẞE.de', 'straße.de'],
    ['ΟΔΟΣ.gr', 'οδοσ.gr'],
    ['οδος.gr', 'οδος.gr'],
    ['ｅｘ．ｃｏｍ', 'ex.com'],
    ['a。b｡c', 'a.b.c'],
    ['。ｘｎ－－0', '.xn--0'],
    ['a\ufe0fb', 'ab'],
    ['\u3164', ''],
    ['½', '1\u20442'],
  ])('%s gives %s', (given, mapped) => {
    expect(mapDomain(given)).toEqual({ mapped });
  });

  it('would leave every character as it is that a label may hold, so it may be spared', () => {
    const changed: string[] = [];
    for (let codePoint = 0x80; codePoint <= 0xffff; codePoint += 1) {
      // No mark joins a digit, so what changes here is changed by mapping.
      const text = `0${String.fromCodePoint(codePoint)}`;
      if ('problem' in convertLabel(text)) continue;
      const { domain, error } = toUnicode(text);
      if (error || domain !== text) changed.push(`U+${codePoint.toString(16)}`);
    }
    expect(changed).toEqual([]);
  });

  it('says which character it refuses, counting code points', () => {
    expect(mapDomain('\u{2f800}ab\ufffc.com')).toEqual({ refused: '\ufffc', position: 4 });
  });
});
