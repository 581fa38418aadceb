// What several reads of registers say together.
import { describe, expect, it } from 'vitest';
import { ownersRead } from '../../../mesh/claims/owners-read.ts';
import type { AddressKey } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Unavailable } from '../../../mesh/state/claim-store.ts';
import type { Result } from '../../../mesh/state/events.ts';

const [A, B] = ['a@x.com', 'b@x.com'] as AddressKey[] as [AddressKey, AddressKey];
const owner = { hostId: 'cloud', agentId: 'o1', agentName: 'oberon', claimId: 'c1', since: '2026-01-01T00:00:00Z' };
const read = (of: object | null): Result => ({ kind: 'read', owner: of as Owner | null });
const away = { kind: 'unavailable', reason: 'no_quorum', message: 'Too few voters answer.' } as unknown as Unavailable;

describe('reads of registers', () => {
  it('name the owner of each key, in their order, and in which mesh that is so', () => {
    const owners = ownersRead([A, B], [read(owner), read(null)], { mesh: 'mesh-1' });
    expect(owners).toEqual({
      kind: 'owners',
      history: 'mesh-1',
      owners: new Map([
        [A, owner],
        [B, null],
      ]),
    });
  });

  it('are of no mesh before one has formed', () => {
    expect(ownersRead([A], [read(null)], undefined)).toMatchObject({ history: '' });
  });

  it.each<[string, Result[]]>([
    ['first', [away, read(null)]],
    ['last', [read(owner), away]],
  ])('say nothing together when the %s had no answer', (_, results) => {
    expect(ownersRead([A, B], results, { mesh: 'mesh-1' })).toBe(away);
  });

  it.each<[string, Result[]]>([
    ['released', [read(null), { kind: 'released' }]],
    ['undefined', [read(null)]],
  ])('can not end as %s', (kind, results) => {
    expect(() => ownersRead([A, B], results, undefined)).toThrow(`can't be read as '${kind}'`);
  });
});
