// Which local parts are one address.
import { describe, expect, it } from 'vitest';
import { foldCase } from '../../../mesh/address/case-fold.ts';

describe('a folded text', () => {
  it.each([
    ['plain.text+1', 'plain.text+1'],
    ['straße', 'strasse'],
    ['ﬁn', 'fin'],
    ['ſeñor', 'señor'],
    // At the end of a word σ is ς; both are one.
    ['ὀδυσσεύς', 'ὀδυσσεύσ'],
    ['δός', 'δόσ'],
    ['ǰ', 'ǰ'],
    ['漢字', '漢字'],
  ])('%s is %s', (text, folded) => {
    expect(foldCase(text)).toBe(folded.normalize('NFC'));
  });

  it.each(['straße', 'ὀδυσσεύς', 'ǰ', 'ﬃ', 'ΐ', 'և', 'ᾳ'])('%s stays as it is when it is folded again', (text) => {
    expect(foldCase(foldCase(text))).toBe(foldCase(text));
  });
});
