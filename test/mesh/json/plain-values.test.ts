// Plain values of JSON, told apart by hand.
import { describe, expect, it } from 'vitest';
import { isCount, isListOf, isText } from '../../../mesh/json/plain-values.ts';

describe('a count', () => {
  it.each<[unknown, number, boolean]>([
    [0, 0, true],
    [1, 1, true],
    [Number.MAX_SAFE_INTEGER, 0, true],
    [0, 1, false],
    [-1, 0, false],
    [1.5, 0, false],
    [Number.MAX_SAFE_INTEGER + 1, 0, false],
    [Number.NaN, 0, false],
    [Number.POSITIVE_INFINITY, 0, false],
    ['1', 0, false],
    [null, 0, false],
    [undefined, 0, false],
  ])('%s, from %s on: is one is %s', (value, min, isOne) => {
    expect(isCount(value, min)).toBe(isOne);
  });
});

describe('a text', () => {
  it.each<[unknown, boolean]>([
    ['', false],
    ['ab', true],
    ['abc', true],
    ['abcd', false],
    // Two units of UTF-16, as schemas count.
    ['🧚', true],
    ['🧚🧚', false],
    [['a', 'b'], false],
    [12, false],
    [undefined, false],
  ])('%s of two to three units: is one is %s', (value, isOne) => {
    expect(isText(value, 2, 3)).toBe(isOne);
  });
});

describe('a list', () => {
  const isEven = (one: unknown) => isCount(one, 0) && one % 2 === 0;
  it.each<[unknown, boolean]>([
    [[], true],
    [[2, 4], true],
    [[2, 4, 6], false],
    [[2, 3], false],
    [[2, '4'], false],
    [{ 0: 2, length: 1 }, false],
    ['22', false],
    [null, false],
  ])('%j of two even counts at most: is one is %s', (value, isOne) => {
    expect(isListOf(value, 2, isEven)).toBe(isOne);
  });
});
