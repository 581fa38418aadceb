import { describe, expect, it } from 'vitest';
import { JsonFault, parseForeignJson } from '../../../mesh/json/foreign-json.ts';

function faultOf(text: string): JsonFault {
  try {
    parseForeignJson(text);
  } catch (error) {
    if (error instanceof JsonFault) return error;
    throw error;
  }
  throw new Error(`${text} was taken.`);
}

const SPELLINGS = [
  '__proto__',
  '\\u005f_proto__',
  '_\\u005Fproto__',
  '__pr\\u006fto__',
  '__pr\\u006Fto__',
  '\\u005f\\u005f\\u0070\\u0072\\u006f\\u0074\\u006f\\u005f\\u005f',
];

describe('JSON from outside', () => {
  it.each(SPELLINGS)('has no member called %s, wherever', (name) => {
    for (const [text, field] of [
      [`{"${name}":1}`, '__proto__'],
      [`{"a":[{"b":{"${name}" \n\t: {}}}]}`, 'a[0].b.__proto__'],
      [`[1,{"${name}":{"a":"b"}}]`, '[1].__proto__'],
      [`{"a":{"${name}":1},"a":{"${name}":2}}`, 'a.__proto__'],
    ] as const)
      expect(faultOf(text).field).toBe(field);
  });

  it.each([
    ['as a value', '{"a":"__proto__"}'],
    ['in a text that looks like a member', String.raw`{"a":"\"__proto__\":1"}`],
    ['in a longer name', '{"x__proto__":1,"__proto__x":2,"\\\\u005f_proto__":3}'],
    ['in another case', '{"__PROTO__":1}'],
    ['in a member that a later one hides', '{"a":{"__proto__":1},"a":2}'],
  ])('may speak of it %s', (_, text) => expect(parseForeignJson(text)).toEqual(JSON.parse(text)));

  it('may begin with a byte order mark', () => expect(parseForeignJson('\ufeff{"a":1}')).toEqual({ a: 1 }));

  it.each(['', '\ufeff', '\ufeff\ufeff{}', '{', "{'a':1}"])('that is none is told so: %j', (text) => {
    expect(faultOf(text)).toMatchObject({ field: undefined, message: expect.stringMatching(/^is not JSON: /) });
  });

  it('is searched as deep as it may be nested', () =>
    expect(faultOf(`${'['.repeat(60)}{"__proto__":1}${']'.repeat(60)}`).field).toMatch(/^\[0\]\[0\]/));
});
