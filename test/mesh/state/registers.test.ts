// The registers of a voter: what is put, dropped and refused, in memory and on the disk.
import { describe, expect, it } from 'vitest';
import type { AddressKey } from '../../../mesh/names.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Register } from '../../../mesh/register/acceptor.ts';
import type { Ballot } from '../../../mesh/register/ballot.ts';
import { dropRegister, putRegister, raiseFloor } from '../../../mesh/state/registers.ts';
import { started } from '../../support/core-on.ts';

const [A, B] = ['a@x.com', 'b@x.com'] as AddressKey[] as [AddressKey, AddressKey];
const OWNER = { hostId: 'cloud', agentId: 'o1', agentName: 'oberon', claimId: 'c1', since: '2026-01-01T00:00:00Z' };
const registerAt = (promised: Ballot, isHeld: boolean): Register => ({
  promised,
  accepted: promised,
  value: isHeld ? (OWNER as Owner) : null,
});

describe('a register that is put', () => {
  it('is kept, and written as it is', () => {
    const state = started();
    const register = registerAt([3, 'cloud'], true);
    expect(putRegister(state, A, register)).toEqual({ key: `claim/register/${A}`, value: register });
    expect([state.registers.get(A), state.collection.released.has(A)]).toEqual([register, false]);
  });

  it('without an owner counts as released since then, and the oldest stays the first', () => {
    const state = started();
    for (const [nowMs, key] of [
      [10, A],
      [20, B],
      [30, A],
    ] as const) {
      state.nowMs = nowMs;
      putRegister(state, key, registerAt([nowMs, 'mac'], false));
    }
    expect([...state.collection.released]).toEqual([
      [B, 20],
      [A, 30],
    ]);
    putRegister(state, B, registerAt([40, 'mac'], true));
    expect([...state.collection.released.keys()]).toEqual([A]);
  });
});

describe('a register that is dropped', () => {
  it('leaves the floor in its place, and counts as a vote', () => {
    const state = started();
    putRegister(state, A, registerAt([7, 'cloud'], false));
    const { votes } = state.membership.starts;
    expect(dropRegister(state, A)).toEqual([
      { key: `claim/register/${A}`, value: undefined },
      { key: 'claim/floor', value: [7, 'cloud'] },
    ]);
    expect([state.registers.get(A), state.collection.released.size, state.collection.collected]).toEqual([
      undefined,
      0,
      1,
    ]);
    expect([state.floor, state.membership.starts.votes - votes, state.highestBallot >= 7]).toEqual([
      [7, 'cloud'],
      1,
      true,
    ]);
  });

  it('was never there: nothing is written', () => {
    const state = started();
    expect([dropRegister(state, A), state.collection.collected, state.floor]).toEqual([[], 0, null]);
  });
});

describe('the floor', () => {
  it.each<[string, Ballot | null, Ballot | null, boolean]>([
    ['the first', null, [5, 'mac'], true],
    ['a higher number', [5, 'mac'], [6, 'cloud'], true],
    ['the same number of a later name', [5, 'cloud'], [5, 'mac'], true],
    ['the same', [5, 'mac'], [5, 'mac'], false],
    ['a lower one', [5, 'mac'], [4, 'mini'], false],
    ['none', [5, 'mac'], null, false],
    ['none where none is', null, null, false],
  ])('is raised by %s', (_, floor, ballot, isRaised) => {
    const state = started();
    state.floor = floor;
    expect(raiseFloor(state, ballot)).toEqual(isRaised ? [{ key: 'claim/floor', value: ballot }] : []);
    expect(state.floor).toEqual(isRaised ? ballot : floor);
  });
});
