// One text for one value, one chain for one history, one digest for one content.
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../mesh/feed/canonical-json.ts';
import { firstChain, nextChain } from '../../../mesh/feed/chain.ts';
import { changedDigest, EMPTY_DIGEST } from '../../../mesh/feed/digest.ts';
import type { FeedEntry } from '../../../mesh/feed/feed-entry.ts';
import type { AgentId, HostId } from '../../../mesh/names.ts';
import { aRow } from '../../support/log-entries.ts';

const entry = (n: number, members: Partial<FeedEntry> = {}): FeedEntry => ({
  ...{ n, id: `e${n}`, event: 'agent.updated', timestamp: '2026-01-27T12:00:00.000Z', sequence: n, changes: {} },
  agent: { id: 'a1' as AgentId, name: 'a', hostId: 'mac' as HostId },
  ...members,
});

describe('canonical JSON', () => {
  it.each([
    // RFC 8785, section 3.2.3: members are sorted by the UTF-16 units of their names.
    [
      {
        '\u20ac': 'Euro',
        '\r': 'CR',
        '\ufb33': 'Dalet',
        1: 'One',
        '\ud83d\ude00': 'Smiley',
        '\u0080': 'C',
        '\u00f6': 'O',
      },
      '{"\\r":"CR","1":"One","\u0080":"C","\u00f6":"O","\u20ac":"Euro","\ud83d\ude00":"Smiley","\ufb33":"Dalet"}',
    ],
    // Section 3.2.2: literals, strings and numbers.
    [
      { numbers: [1e30, 4.5, 2e-3, 1e-27], literals: [null, true, false] },
      '{"literals":[null,true,false],"numbers":[1e+30,4.5,0.002,1e-27]}',
    ],
    [{ b: { d: 1, c: [] }, a: undefined }, '{"b":{"c":[],"d":1}}'],
    // Numbers among names come in the order of their values, whatever the order in which they were put there.
    [{ 9: 'y', 10: 'x' }, '{"10":"x","9":"y"}'],
    ['\u20ac$\u000f\nA\'"\\', '"\u20ac$\\u000f\\nA\'\\"\\\\"'],
    ['\ud800', '"\\ud800"'],
  ])('of %j', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});

it.each([
  [
    { a: [{ c: 1, b: 2 }], b: undefined, d: 'x' },
    { d: 'x', a: [{ b: 2, c: 1 }] },
  ],
  [{ a: { toJSON: 'x', b: null } }, { a: { b: null, toJSON: 'x' } }],
])('writes %j as it writes the same in another order', (one, other) => {
  expect(canonicalJson(one)).toBe(canonicalJson(other));
  expect(canonicalJson([one, 1])).toBe(`[${canonicalJson(other)},1]`);
});

it('writes every UTF-16 unit as ECMAScript does', () => {
  const wrong = Array.from({ length: 0x10000 }, (_, unit) => `a${String.fromCharCode(unit)}b`).filter(
    (text) => canonicalJson({ [text]: text }) !== JSON.stringify({ [text]: text }),
  );
  expect(wrong).toEqual([]);
});

describe('the chain', () => {
  it('is the hash of the log id, and then of the chain before and the entry', () => {
    const first = createHash('sha256').update('0123').digest();
    expect(firstChain('0123')).toBe(first.toString('base64url'));
    const next = createHash('sha256')
      .update(first)
      .update(canonicalJson(entry(1)))
      .digest('base64url');
    expect(nextChain(firstChain('0123'), entry(1))).toBe(next);
  });

  it.each<[string, readonly FeedEntry[]]>([
    ['one is missing', [entry(1), entry(3)]],
    ['two are exchanged', [entry(2), entry(1), entry(3)]],
    ['one says something else', [entry(1), entry(2, { changes: { added: [] } }), entry(3)]],
    ['one has other rows', [entry(1), entry(2), entry(3, { rows: { put: [], drop: [] } })]],
  ])('is another one when %s', (_, others) => {
    const over = (entries: readonly FeedEntry[]) => entries.reduce(nextChain, firstChain('0123'));
    expect(over(others)).not.toBe(over([entry(1), entry(2), entry(3)]));
  });
});

describe('the digest', () => {
  const [a, b, c] = [aRow('a@x.com'), aRow('b@x.com'), aRow('c@x.com')] as const;

  it('is the same whatever the order in which rows came and went', () => {
    const one = changedDigest(EMPTY_DIGEST, [], [a, b, c]);
    const other = [c, a, b].reduce((sum, row) => changedDigest(sum, [], [row]), EMPTY_DIGEST);
    expect(other).toBe(one);
    expect(changedDigest(one, [b], [])).toBe(changedDigest(EMPTY_DIGEST, [], [a, c]));
    expect(changedDigest(changedDigest(EMPTY_DIGEST, [a], []), [], [a])).toBe(EMPTY_DIGEST);
    expect(changedDigest(one, [a, b, c], [])).toBe(EMPTY_DIGEST);
  });

  it('is another one for other rows', () => {
    const moved = aRow('a@x.com', { primary: false });
    expect(changedDigest(EMPTY_DIGEST, [], [moved])).not.toBe(changedDigest(EMPTY_DIGEST, [], [a]));
  });

  it('is the sum of the hashes of the rows, as 32 octets', () => {
    const hash = createHash('sha256').update(canonicalJson(a)).digest();
    expect(changedDigest(EMPTY_DIGEST, [], [a])).toBe(hash.toString('base64url'));
    expect(Buffer.from(EMPTY_DIGEST, 'base64url')).toEqual(Buffer.alloc(32));
  });
});
