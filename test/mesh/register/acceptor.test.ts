import { describe, expect, it } from 'vitest';
import { BrokenInvariant } from '../../../mesh/invariant.ts';
import type { AddressKey, AgentId, ClaimId, HostId } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import { type Register, vote } from '../../../mesh/register/acceptor.ts';
import type { Ballot } from '../../../mesh/register/ballot.ts';
import type { Item } from '../../../mesh/register/item.ts';

const KEY = 'a@x.com' as AddressKey;
const VALUE: Owner = {
  hostId: 'mac' as HostId,
  agentId: 'agent' as AgentId,
  agentName: 'agent',
  claimId: 'claim' as ClaimId,
  since: '2026-01-27T12:00:00Z',
};
const nobody = () => undefined;
const held = (promised: number, accepted: number): Register => ({
  promised: [promised, 'mac'],
  accepted: [accepted, 'mac'],
  value: VALUE,
});
const PREPARE = (n: number): Item => ({ kind: 'prepare', key: KEY, n, claiming: false });
const ACCEPT = (n: number): Item => ({ kind: 'accept', key: KEY, n, value: null });

describe('a vote', () => {
  it.each<[string, Register | undefined, Item, { promised: Ballot; accepted: Ballot | null } | undefined]>([
    ['the first promise', undefined, PREPARE(3), { promised: [3, 'mac'], accepted: null }],
    [
      'a later promise, which keeps what was accepted',
      held(3, 3),
      PREPARE(4),
      { promised: [4, 'mac'], accepted: [3, 'mac'] },
    ],
    ['the same promise, which changes nothing', held(4, 3), PREPARE(4), undefined],
    [
      'an acceptance under the ballot that was promised',
      held(4, 3),
      ACCEPT(4),
      { promised: [4, 'mac'], accepted: [4, 'mac'] },
    ],
    ['an acceptance under a newer ballot', held(4, 3), ACCEPT(6), { promised: [6, 'mac'], accepted: [6, 'mac'] }],
    ['a refusal of an older ballot', held(4, 3), ACCEPT(3), undefined],
  ])('is %s', (_, before, item, after) => {
    const { register } = vote(before, 'mac', item, { floor: null, holder: nobody });
    expect(register && { promised: register.promised, accepted: register.accepted }).toEqual(after);
  });

  it.each([
    ['as it was', held(4, 9), PREPARE(4)],
    ['as it would be', held(4, 9), PREPARE(5)],
  ])('is not cast on a register that accepted more than it promised, %s', (_, before, item) => {
    expect(() => vote(before, 'mac', item, { floor: null, holder: nobody })).toThrow(BrokenInvariant);
    expect(() => vote(before, 'mac', item, { floor: null, holder: nobody })).toThrow(
      /'a@x.com' has accepted ballot 9 mac above its promise \d mac/,
    );
  });

  it.each<[number, string, boolean]>([
    [4, 'mac', false],
    [5, 'cloud', false],
    [5, 'mac', false],
    [5, 'mini', true],
    [6, 'cloud', true],
  ])('where there is no register, ballot %i of %s is cast above the floor alone: %s', (n, proposer, isCast) => {
    const voter = { floor: [5, 'mac'] as const, holder: nobody };
    for (const item of [PREPARE(n), ACCEPT(n)]) {
      const { answer, register } = vote(undefined, proposer, item, voter);
      expect(register !== undefined).toBe(isCast);
      if (!isCast) expect(answer).toEqual({ kind: 'nack', n, promised: [5, 'mac'] });
    }
  });

  it('heeds no floor where there is a register', () => {
    const { register } = vote(held(3, 3), 'mac', ACCEPT(3), { floor: [9, 'mini'], holder: nobody });
    expect(register?.value).toBeNull();
  });
});
