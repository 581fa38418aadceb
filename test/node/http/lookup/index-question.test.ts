// What a query asks of the email index.
import { describe, expect, it } from 'vitest';
import { readQuestion } from '../../../../node/http/lookup/index-question.ts';
import { parsePlainAddress } from '../../../support/plain-address.ts';

const asked = (query: string) => readQuestion(`http://mac/api/agents/email-index${query}`, parsePlainAddress);
const refusal = (query: string) => {
  try {
    return asked(query);
  } catch (error) {
    return error;
  }
};

describe('a question to the index', () => {
  it.each<[string, object]>([
    ['', { addresses: undefined, agentId: undefined, isFederated: false, mode: undefined, isPaged: false }],
    ['?agentId=a%201', { agentId: 'a 1' }],
    ['?federated=true', { isFederated: true, mode: undefined }],
    ['?federated=1', { isFederated: false }],
    ['?federated=true&mode=index', { isFederated: true, mode: 'index' }],
    ['?mode=verify&federated=true', { mode: 'verify' }],
    ['?limit=5', { isPaged: true }],
    ['?cursor=x', { isPaged: true }],
    ['?other=1', { addresses: undefined, isPaged: false }],
  ])('%s', (query, expected) => {
    expect(asked(query)).toMatchObject(expected);
  });

  it.each<[string, readonly string[]]>([
    ['a@x.com', ['a@x.com']],
    ['A@X.com', ['a@x.com']],
    ['a%40x.com', ['a@x.com']],
    ['a%2Bb@x.com', ['a+b@x.com']],
    // Read as a plus first, and as a space second; here a space is none of an address.
    ['a+b@x.com', ['a+b@x.com']],
    ['+a@x.com', ['+a@x.com', 'a@x.com']],
    ['nobody', []],
    ['', []],
  ])('?address=%s may mean %j', (value, keys) => {
    expect(asked(`?address=${value}`).addresses?.map(({ key }) => key)).toEqual(keys);
  });

  it.each([
    ['?mode=index', 'mode', /add federated=true/],
    ['?federated=false&mode=index', 'mode', /add federated=true/],
    ['?federated=true&mode=all', 'mode', /must be verify or index/],
    ['?address=a@x.com&address=b@x.com', 'address', /./],
  ])('%s is refused', (query, field, words) => {
    expect(refusal(query)).toMatchObject({ code: 'invalid_request', field, message: expect.stringMatching(words) });
  });
});
