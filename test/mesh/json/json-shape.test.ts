import { describe, expect, it } from 'vitest';
import { parseForeignJson } from '../../../mesh/json/foreign-json.ts';
import { jsonExcess } from '../../../mesh/json/json-shape.ts';

const bounds = { depthMax: 3, valuesMax: 6 };

describe('what is too much in a JSON text', () => {
  it.each([
    ['[[[1]]]', undefined],
    ['[[[[1]]]]', 'is nested deeper than 3 levels'],
    ['{"a":{"b":{"c":{}}}}', 'is nested deeper than 3 levels'],
    ['[[[', undefined],
    ['[[[[', 'is nested deeper than 3 levels'],
    ['["[[[[[[[[","{{{{{{{{"]', undefined],
    ['["\\"[[[[[[[["]', undefined],
    ['["\\\\",[[["\\"]"]]]', 'is nested deeper than 3 levels'],
    ['[1,1,1,1,1,1]', undefined],
    ['[1,1,1,1,1,1,1]', 'has more than 6 values'],
    ['{"a":1,"b":2,"c":3}', undefined],
    ['{"a":1,"b":2,"c":3,"d":4}', 'has more than 6 values'],
    ['[",,,,,,,,::::::::"]', undefined],
    ['', undefined],
    ['"text"', undefined],
  ])('%s: %s', (text, excess) => expect(jsonExcess(text, bounds)).toBe(excess));

  it('is said before the text is parsed', () => {
    expect(() => parseForeignJson('['.repeat(1_000_000))).toThrow('is nested deeper than 64 levels');
    expect(() => parseForeignJson(`[${'1,'.repeat(1_000_000)}`)).toThrow('has more than 20000 values');
  });
});
