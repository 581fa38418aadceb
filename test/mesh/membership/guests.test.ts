import { describe, expect, it } from 'vitest';
import { messageOf } from '../../../mesh/membership/epoch.ts';
import { forgetGuests, forgetNamedGuests, guestsLeft, noteGuest } from '../../../mesh/membership/guests.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import { isConcerned, type Membership } from '../../../mesh/state/membership.ts';
import { coreOn, MESH, run, started, THREE, writesOf } from '../../support/core-on.ts';
import { cloud, DATA, desk, lab, mac, membershipOf, mini, wishOf } from '../../support/membership-of.ts';

const GONE = '2026-01-27T12:00:00.000Z';
const KEY = 'a@x.test' as AddressKey;
const RECORD = 'claim/guest/desk';

const known = (more: Partial<Membership> = {}) =>
  membershipOf(mac, DATA[mac] ?? '', { config: MESH, wish: wishOf(THREE), ...more });

describe('a guest', () => {
  it('is noted once, when it gets an address', () => {
    const membership = known();
    expect(noteGuest(membership, desk)).toEqual([{ key: RECORD, value: true }]);
    expect([noteGuest(membership, desk), [...membership.guests]]).toEqual([[], [desk]]);
  });

  it.each<[string, Membership, HostId | undefined]>([
    ['a member', known(), cloud],
    ['a host that left', known({ config: { ...MESH, gone: { [desk]: GONE } } }), desk],
    ['anybody before there is a mesh', known({ config: undefined }), desk],
    ['nobody, to whom a register gives no address', known(), undefined],
  ])('is not %s', (_, membership, host) => {
    expect([noteGuest(membership, host), membership.guests.size]).toEqual([[], 0]);
  });

  it('leaves when hosts.json lists it no more', () => {
    const guests = new Set([desk, lab]);
    expect(guestsLeft(known({ guests, wish: wishOf(THREE, [...THREE, lab]) }))).toEqual([desk]);
  });

  it('is spoken with, though hosts.json lists it no more', () => {
    expect([new Set([desk]), new Set<HostId>()].map((guests) => isConcerned(known({ guests }), desk))).toEqual([
      true,
      false,
    ]);
  });

  it('is forgotten once a configuration names it, and with the mesh', () => {
    const membership = known({ guests: new Set([desk, lab]) });
    expect(forgetNamedGuests(membership, MESH)).toEqual([]);
    expect(forgetNamedGuests(membership, { ...MESH, gone: { [desk]: GONE } })).toEqual([
      { key: RECORD, value: undefined },
    ]);
    expect(forgetGuests(membership)).toEqual([{ key: 'claim/guest/lab', value: undefined }]);
    expect(membership.guests.size).toBe(0);
  });

  it('is on the disk with the vote that gives it an address, whoever proposes that', () => {
    const state = started();
    const owner = { hostId: desk, agentId: 'a1' as AgentId, agentName: 'iac', claimId: 'c1' as ClaimId, since: GONE };
    const item = { kind: 'accept', n: 7, key: KEY, value: owner } as const;
    const message = messageOf(coreOn(mini), [item]);
    const effects = run(state, { type: 'received', token: 1, from: mini, message });
    expect(writesOf(effects).map(([key]) => key)).toEqual([`claim/register/${KEY}`, RECORD]);
  });
});
