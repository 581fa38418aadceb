// What a part of an address finds: addresses as they are shown, whichever way they are written.
import { expect, it } from 'vitest';
import { PageVisitor } from '../../support/page-visitor.ts';
import { testNode } from '../../support/test-node.ts';

const ADDRESSES = ['c@bücher.example', 'straße@x.com', 'straße@straße.example', 'cid@y.com'];

it.each([
  ['bücher', ['c@bücher.example']],
  ['BÜCHER', ['c@bücher.example']],
  ['bu\u0308cher', ['c@bücher.example']],
  ['c@b', ['c@bücher.example']],
  ['cher.ex', ['c@bücher.example']],
  ['xn--bcher', ['c@bücher.example']],
  ['straße@', ['straße@x.com', 'straße@straße.example']],
  ['STRASSE@x.', ['straße@x.com']],
  ['ße@stra', ['straße@straße.example']],
  ['c', ['c@bücher.example', 'cid@y.com', 'straße@x.com']],
  ['müller', []],
])('%s finds %j', async (part, expected) => {
  const { node, ask } = await testNode();
  const addresses = ADDRESSES.map((address) => ({ address }));
  await ask('POST', '/api/agents', { name: 'ann', tools: { email: { addresses } } });
  const { html } = await new PageVisitor(node).get(`/page/addresses?${new URLSearchParams({ q: part })}`);
  const found = [...html.matchAll(/href="\/page\/address\?address=([^"]+)"/g)].map(([, one = '']) => one);
  expect(found.map(decodeURIComponent)).toEqual(expected);
});
