// Which rows of an index look the same to whoever reads it.
import { describe, expect, it } from 'vitest';
import { isSameMetadata, isSameRow } from '../../../mesh/feed/row-equality.ts';
import type { IndexRow } from '../../../mesh/lookup/index-entry.ts';

const ROW = {
  address: 'A@x.com',
  key: 'a@x.com',
  agentId: 'a1',
  agentName: 'titania',
  hostId: 'cloud',
  primary: true,
  displayName: 'Titania',
  metadata: { team: 'fairies', floor: '2' },
} as unknown as IndexRow;

describe('two rows', () => {
  it.each<[string, boolean, object]>([
    ['with the same members', true, {}],
    ['whose metadata is in another order', true, { metadata: { floor: '2', team: 'fairies' } }],
    ['of another spelling', false, { address: 'a@x.com' }],
    ['of another agent', false, { agentId: 'a2' }],
    ['of an agent with another name', false, { agentName: 'oberon' }],
    ['of which one is not the primary address', false, { primary: false }],
    ['with another display name', false, { displayName: 'Queen' }],
    ['of which one has no display name', false, { displayName: undefined }],
    ['with other metadata', false, { metadata: { team: 'fairies', floor: '3' } }],
    ['of which one has no metadata', false, { metadata: undefined }],
  ])('%s: are the same is %s', (_, isSame, change) => {
    const other = { ...ROW, ...change } as IndexRow;
    expect([isSameRow(ROW, other), isSameRow(other, ROW)]).toEqual([isSame, isSame]);
  });

  it('are not the same where none stood before', () => {
    expect(isSameRow(undefined, ROW)).toBe(false);
  });
});

describe('metadata', () => {
  it.each<[boolean, object | undefined, object | undefined]>([
    [true, undefined, {}],
    [true, { a: '1' }, { a: '1' }],
    [false, { a: '1' }, { a: '1', b: '2' }],
    [false, { a: '1' }, { b: '1' }],
    [false, undefined, { a: '1' }],
  ])('is the same is %s of %o and %o', (isSame, one, other) => {
    const [first, second] = [one, other] as [IndexRow['metadata'], IndexRow['metadata']];
    expect([isSameMetadata(first, second), isSameMetadata(second, first)]).toEqual([isSame, isSame]);
  });
});
