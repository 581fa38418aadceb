import { describe, expect, it } from 'vitest';
import type { SignedHead } from '../../../mesh/feed/head.ts';
import type { AddressKey, AgentId, HostId } from '../../../mesh/names.ts';
import { bareWrite, headWrite, occasionWrite, readCopyRecord, rowWrite } from '../../../node/feed/copy-records.ts';
import { aRow } from '../../support/log-entries.ts';

const cloud = 'cloud' as HostId;
const row = aRow('puck@x.com', { hostId: cloud });
const head: SignedHead = {
  ...{ hostId: cloud, logId: 'c'.repeat(32), n: 3, chain: 'chain', digest: 'digest' },
  ...{ at: '2026-01-27T12:00:00.000Z', signature: 'signature' },
};
const puck = 'p1' as AgentId;
const gone = { why: 'gone', hostId: cloud, logId: 'c'.repeat(32), n: 3, at: '2026-01-27T12:00:00.000Z' } as const;

describe('a record of the copy', () => {
  it.each([
    ['a head', headWrite(cloud, head), { kind: 'head', hostId: cloud, head }],
    ['a row', rowWrite(cloud, row.key, row), { kind: 'row', hostId: cloud, row }],
    [
      'an agent without addresses',
      bareWrite(cloud, puck, 'puck'),
      { kind: 'bare', hostId: cloud, id: puck, name: 'puck' },
    ],
    ['why something is told', occasionWrite(cloud, gone), { kind: 'occasion', hostId: cloud, occasion: gone }],
  ])('is read as it was written: %s', (_, write, record) => {
    expect(readCopyRecord({ key: write.key, value: write.value })).toEqual(record);
  });

  it('may have any key of an address, also one with a slash or a new line in it', () => {
    const odd = aRow('"a/b\nc"@x.com', { hostId: cloud });
    const { key } = rowWrite(cloud, odd.key, odd);
    expect(readCopyRecord({ key, value: odd })).toEqual({ kind: 'row', hostId: cloud, row: odd });
  });

  it.each([
    ['a head without a signature', 'feed/head/cloud', { ...head, signature: undefined }],
    ['a head whose place is a text', 'feed/head/cloud', { ...head, n: '3' }],
    ['a head that is nothing', 'feed/head/cloud', null],
    ['a head of no host', 'feed/head/', head],
    ['a row under the key of another', 'feed/row/cloud/titania@x.com', row],
    ['a row that is a text', 'feed/row/cloud/puck@x.com', 'puck@x.com'],
    ['a row that is a list', 'feed/row/cloud/puck@x.com', [row]],
    ['a row of no host', 'feed/row/-/puck@x.com', row],
    ['an agent without a name', 'feed/bare/cloud/p1', { name: 'puck' }],
    ['an agent without an id', 'feed/bare/cloud/', 'puck'],
    ['an occasion of no known kind', 'feed/occasion/cloud', { ...gone, why: 'handover' }],
    ['an occasion without a place', 'feed/occasion/cloud', { ...gone, n: undefined }],
    ['another kind of record', 'feed/tail/cloud', head],
    ['a record of something else', 'agent/p1', {}],
  ])('is damaged when it is %s', (_, key, value) => {
    expect(() => readCopyRecord({ key, value })).toThrowError(
      expect.objectContaining({ code: 'store_failed', message: expect.stringContaining(`'${key}'`) }),
    );
  });

  it('goes with what it was about', () => {
    const gone = [
      headWrite(cloud, undefined),
      rowWrite(cloud, 'a@x' as AddressKey, undefined),
      bareWrite(cloud, puck, undefined),
    ];
    expect(gone).toEqual([
      { key: 'feed/head/cloud', value: undefined },
      { key: 'feed/row/cloud/a@x', value: undefined },
      { key: 'feed/bare/cloud/p1', value: undefined },
    ]);
  });
});
