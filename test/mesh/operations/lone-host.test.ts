import { describe, expect, it } from 'vitest';
import type { AddressKey, AgentId, ClaimId } from '../../../mesh/names.ts';
import { decideAlone } from '../../../mesh/operations/lone-host.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Register } from '../../../mesh/register/acceptor.ts';
import { proposerName } from '../../../mesh/register/ballot.ts';
import { type Change, createProposal } from '../../../mesh/register/proposer.ts';
import { INTENT, REGISTER } from '../../../mesh/state/claim-records.ts';
import { firstConfig } from '../../../mesh/state/config.ts';
import type { CoreState, Operation } from '../../../mesh/state/core-state.ts';
import { RegisterTable } from '../../../mesh/state/register-table.ts';
import { coreOn } from '../../support/core-on.ts';
import { cloud, DATA, mac, votersOf, wishOf } from '../../support/membership-of.ts';

const [A, B] = ['a@x.com', 'b@x.com'] as string[] as [AddressKey, AddressKey];
const NAME = proposerName(mac, DATA[mac] ?? '');
const ownerOf = (claimId: string, hostId = mac): Owner => ({
  ...{ hostId, agentId: 'a1' as AgentId, agentName: 'iac', claimId: claimId as ClaimId },
  since: '2026-01-27T12:00:00.000Z',
});
const claiming = (claimId: string): Change => ({ kind: 'claim', owner: ownerOf(claimId) });
const registerWith = (value: Owner | null, n = 5): Register => ({ promised: [n, NAME], accepted: [n, NAME], value });

function alone(
  registers: readonly (readonly [AddressKey, Register])[] = [],
  held: readonly AddressKey[] = [],
): CoreState {
  const config = firstConfig(votersOf(mac), [mac]);
  const state = coreOn(mac, {
    config,
    wish: wishOf([mac]),
    records: { registers: new RegisterTable(registers) },
    held,
  });
  return Object.assign(state, { highestBallot: 3 });
}

function operationOf(...changes: readonly (readonly [AddressKey, Change])[]): Operation {
  const kind = changes[0]?.[1].kind ?? 'read';
  const proposals = changes.map(([key, change]) => createProposal(1, key, change));
  return { id: 1, kind, proposals, left: changes.length, begun: false, rivals: [], intentDurable: false };
}

const decide = (state: CoreState, ...changes: readonly (readonly [AddressKey, Change])[]) => {
  const { writes, result } = decideAlone(state, operationOf(...changes));
  return { writes: writes.map(({ key, value }) => [key, value]), result };
};

describe('the only voter of a mesh', () => {
  it('writes the intents of a claim and its registers together, each under a ballot of its own', () => {
    const state = alone();
    const { writes, result } = decide(state, [A, claiming('one')], [B, claiming('two')]);
    expect(writes).toEqual([
      [`${INTENT}one`, A],
      [`${INTENT}two`, B],
      [REGISTER + A, { promised: [4, NAME], accepted: [4, NAME], value: ownerOf('one') }],
      [REGISTER + B, { promised: [5, NAME], accepted: [5, NAME], value: ownerOf('two') }],
    ]);
    const done = ['one', 'two'].map((claimId) => ({ key: `${INTENT}${claimId}`, value: undefined }));
    expect(result).toEqual({ kind: 'held', intentsDone: done });
  });

  it('leaves every register as it was when one of the addresses is taken', () => {
    const state = alone([[B, registerWith(ownerOf('other', cloud))]]);
    const now = () => [...state.registers.keys()].map((key) => [key, state.registers.get(key)]);
    const before = now();
    expect(decide(state, [A, claiming('one')], [B, claiming('two')])).toEqual({
      writes: [],
      result: { kind: 'conflict', key: B, owner: ownerOf('other', cloud) },
    });
    expect([before.length, now(), state.highestBallot]).toEqual([1, before, 3]);
  });

  it('goes beyond the ballot that a register, or the floor, was promised under', () => {
    const state = alone([[A, registerWith(null, 40)]]);
    state.floor = [60, NAME];
    expect(decide(state, [A, claiming('one')]).writes[1]).toMatchObject([expect.any(String), { promised: [41, NAME] }]);
    expect(decide(state, [B, claiming('two')]).writes[1]).toMatchObject([expect.any(String), { promised: [61, NAME] }]);
  });

  it('takes the place of a claim of its own that its registry does not hold', () => {
    const left = registerWith(ownerOf('left over'));
    expect(decide(alone([[A, left]]), [A, claiming('one')]).result).toMatchObject({ kind: 'held' });
    const { result } = decide(alone([[A, registerWith(ownerOf(`claim-${A}`))]], [A]), [A, claiming('one')]);
    expect(result).toMatchObject({ kind: 'conflict', owner: { claimId: `claim-${A}` } });
  });

  it('releases that very claim, and forgets its intent either way', () => {
    const release = (claimId: string): Change => ({ kind: 'release', claimId: claimId as ClaimId });
    const state = alone([[A, registerWith(ownerOf('one'))]]);
    const gone = [`${INTENT}two`, undefined];
    expect(decide(state, [A, release('two')])).toEqual({ writes: [gone], result: { kind: 'released' } });
    expect(state.registers.get(A)?.value).toEqual(ownerOf('one'));
    expect(decide(state, [A, release('one')]).writes).toEqual([
      [REGISTER + A, { promised: [6, NAME], accepted: [6, NAME], value: null }],
      [`${INTENT}one`, undefined],
    ]);
  });

  it('confirms what nobody else has, and names whoever does', () => {
    const confirm = (claimId: string): Change => ({ kind: 'confirm', owner: ownerOf(claimId) });
    const state = alone([[B, registerWith(ownerOf('other', cloud))]]);
    const { writes, result } = decide(state, [A, confirm('one')], [B, confirm('two')]);
    expect(writes.map(([key]) => key)).toEqual([REGISTER + A]);
    expect(result).toEqual({ kind: 'confirmed', rivals: [{ key: B, owner: ownerOf('other', cloud) }] });
  });

  it('reads without a write', () => {
    const state = alone([[A, registerWith(ownerOf('one'))]]);
    expect(decide(state, [A, { kind: 'read' }])).toEqual({
      writes: [],
      result: { kind: 'read', owner: ownerOf('one') },
    });
    expect(decide(state, [B, { kind: 'read' }])).toEqual({ writes: [], result: { kind: 'read', owner: null } });
  });
});
