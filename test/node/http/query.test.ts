import { describe, expect, it } from 'vitest';
import { decodePercents, decodeQuery, readQuery } from '../../../node/http/query.ts';

const read = (query: string) => readQuery(`http://h/path${query}`, ['address', 'agentId']);

describe('a query string', () => {
  it.each([
    ['', {}],
    ['?', {}],
    ['?address=a%40x', { address: 'a%40x' }],
    ['?agentId=1&address=a', { agentId: '1', address: 'a' }],
    ['?address', { address: '' }],
    ['?address=', { address: '' }],
    ['?address=a=b', { address: 'a=b' }],
    ['?%61ddress=a', { address: 'a' }],
    ['?other=1&other=2&&=3&address=a', { address: 'a' }],
    ['?constructor=1&__proto__=2', {}],
    ['?address=a?b', { address: 'a?b' }],
  ])('%s is read as %j', (query, fields) => {
    expect(read(query)).toEqual(fields);
  });

  it.each(['?address=a&address=b', '?address=a&address=a', '?address&%61ddress', '?address=&address='])(
    '%s is refused, naming the field sent twice',
    (query) => {
      expect(() => read(query)).toThrow(expect.objectContaining({ code: 'invalid_request', field: 'address' }));
    },
  );
});

describe('a value of the query', () => {
  it.each([
    ['a%2Bb+c', 'a+b+c', 'a+b c'],
    ['%E8%87%BA', '臺', '臺'],
    ['%2541', '%41', '%41'],
    ['50%off', '50%off', '50%off'],
    ['a%40x+b%40y', 'a@x+b@y', 'a@x b@y'],
    ['%2540', '%40', '%40'],
    ['%E8%87%BA%40x', '臺@x', '臺@x'],
    ['%4040', '@40', '@40'],
    ['%off%40x', '%off%40x', '%off%40x'],
    ['%C0%AF', '%C0%AF', '%C0%AF'],
    ['plain', 'plain', 'plain'],
  ])('%s means %s, or %s by the rules of forms', (raw, plain, form) => {
    expect([decodePercents(raw), decodeQuery(raw)]).toEqual([plain, form]);
  });
});
