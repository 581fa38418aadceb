// Which questions are answered without being parsed: only those that the long way would answer with the same octets.
import { describe, expect, it } from 'vitest';
import type { AddressKey } from '../../../../mesh/names.ts';
import { copyHit, ownHit } from '../../../../node/http/lookup/index-hit.ts';
import type { EmailIndex } from '../../../../node/registry/email-index.ts';

const PATH = '/api/agents/email-index';
const HELD = new Map([
  ['a@x.com', { mainKey: 'a@x.com', mapJson: '{"a@x.com":{}}' }],
  ['a+b@x.com', { mainKey: 'a+b@x.com', mapJson: '{"a+b@x.com":{}}' }],
  ['a&b@x.com', { mainKey: 'a&b@x.com', mapJson: '{"a&b@x.com":{}}' }],
  // Its main key is the form in A-labels.
  ['a@bücher.example', { mainKey: 'a@xn--bcher-kva.example', mapJson: '{"a@xn--bcher-kva.example":{}}' }],
]);
const index = { byAddress: (key: AddressKey) => HELD.get(key) } as unknown as EmailIndex;
const known = { knownJson: (key: AddressKey) => (key === 'a@x.com' ? '{"emails":{}}' : undefined) };

describe('a question about one address', () => {
  it.each([
    ['?address=a@x.com', '{"a@x.com":{}}'],
    ['?address=a%40x.com', '{"a@x.com":{}}'],
    ['?address=a+b@x.com', '{"a+b@x.com":{}}'],
    ['?address=a%2Bb@x.com', '{"a+b@x.com":{}}'],
    ['?address=a%26b@x.com', '{"a&b@x.com":{}}'],
  ])('%s is a hit', (query, json) => {
    expect(ownHit(index, PATH + query)).toBe(json);
  });

  it.each([
    '',
    '?',
    '?address=',
    '?address=b@x.com',
    '?address=A@x.com',
    '?address= a@x.com',
    '?address=a@bücher.example',
    '?address=a%40b%C3%BCcher.example',
    '?address=a@x.com&limit=1',
    '?address=a&b@x.com',
    '?address=a@x.com&address=a@x.com',
    '?address=a@x.com&federated=true',
    '?agentId=1&address=a@x.com',
    '?ADDRESS=a@x.com',
  ])("'%s' goes the long way", (query) => {
    expect(ownHit(index, PATH + query)).toBeUndefined();
  });
});

describe('a question to the copy about one address', () => {
  it('is a hit in one spelling of it', () => {
    expect(copyHit(known, `${PATH}?address=a@x.com&federated=true&mode=index`)).toBe('{"emails":{}}');
    expect(copyHit(known, `${PATH}?address=a%40x.com&federated=true&mode=index`)).toBe('{"emails":{}}');
  });

  it.each([
    '?address=a@x.com',
    '?address=b@x.com&federated=true&mode=index',
    '?address=a@x.com&mode=index&federated=true',
    '?address=a@x.com&federated=true&mode=verify',
    '?address=a@x.com&agentId=1&federated=true&mode=index',
    '?federated=true&mode=index',
    '&federated=true&mode=index',
  ])("'%s' goes the long way", (query) => {
    expect(copyHit(known, PATH + query)).toBeUndefined();
  });
});
