import { describe, expect, it } from 'vitest';
import type { AddressKey, ClaimId } from '../../../mesh/names.ts';
import { attempt, backOff, retry, toAll } from '../../../mesh/operations/attempts.ts';
import type { Owner } from '../../../mesh/owner.ts';
import { type Change, createProposal } from '../../../mesh/register/proposer.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import { coreOn, effectsOf, THREE } from '../../support/core-on.ts';
import { cloud, mac, mini } from '../../support/membership-of.ts';

const KEYS = ['a@x.com', 'b@x.com'] as string[] as [AddressKey, AddressKey];
const OWNER = { hostId: mac, claimId: 'claim' } as Owner;

/** A core that has numbers on the disk as used, up to this one. */
function coreWith(numbers: Partial<CoreState>): CoreState {
  return Object.assign(coreOn(mac), { ceilingAsked: 20_000, ballotCeiling: 20_000 }, numbers);
}

const proposalOf = (change: Change, key = KEYS[0]) => createProposal(7, key, change);
const READ: Change = { kind: 'read' };

describe('an attempt', () => {
  it('goes to every voter in one message, each proposal under a number of its own', () => {
    const state = coreWith({ highestBallot: 40 });
    const proposals = KEYS.map((key) => proposalOf(READ, key));
    const items = KEYS.map((key, at) => ({ kind: 'prepare', key, n: 41 + at, claiming: false }));
    expect(effectsOf((out) => attempt(state, proposals, out)).filter(({ type }) => type === 'send')).toEqual(
      THREE.map((to) => ({ type: 'send', to, items })),
    );
    expect([...state.attempts]).toEqual([
      [41, proposals[0]],
      [42, proposals[1]],
    ]);
    expect(state.highestBallot).toBe(42);
  });

  it.each([
    [10, 400],
    [100, 400],
    [150, 600],
    [250, 1_000],
    [5_000, 1_000],
  ])('that follows a round trip of %i ms has %i ms', (roundTripMs, ms) => {
    const state = coreWith({ highestBallot: 40, roundTripMs });
    expect(effectsOf((out) => attempt(state, [proposalOf(READ)], out))).toContainEqual({
      type: 'timer',
      afterMs: [ms, ms],
      event: { type: 'attemptOver', n: 41 },
    });
  });

  it.each([
    ['the last number on the disk', 40, 41, 'at once'],
    ['a number beyond those on the disk', 40, 40, 'after the disk'],
  ])('under %s leaves %s', (_, highestBallot, ballotCeiling, when) => {
    const state = coreWith({ highestBallot, ballotCeiling });
    const effects = effectsOf((out) => attempt(state, [proposalOf(READ)], out));
    const sends = toAll(state, [{ kind: 'prepare', key: KEYS[0], n: 41, claiming: false }]);
    const atOnce = effects.filter(({ type }) => type === 'send');
    const afterDisk = effects.flatMap((effect) => (effect.type === 'persist' ? effect.after : []));
    expect({ atOnce, afterDisk }).toEqual(
      when === 'at once' ? { atOnce: sends, afterDisk: [] } : { atOnce: [], afterDisk: sends },
    );
  });

  it('asks for more numbers before those on the disk are used up', () => {
    const state = coreWith({ highestBallot: 19_000 });
    const [write] = effectsOf((out) => attempt(state, [proposalOf(READ)], out)).filter(
      ({ type }) => type === 'persist',
    );
    expect(write).toMatchObject({ writes: [{ key: 'claim/ballot-ceiling', value: 29_001 }] });
  });
});

describe('an attempt whose time is over', () => {
  it.each([
    ['a claim', { kind: 'claim', owner: OWNER }],
    ['a confirmation', { kind: 'confirm', owner: OWNER }],
    ['a read', READ],
  ] as [string, Change][])('of %s is followed at once by one under a higher number', (_, change) => {
    const state = coreWith({ highestBallot: 40 });
    const proposal = proposalOf(change);
    effectsOf((out) => attempt(state, [proposal], out));
    const effects = effectsOf((out) => retry(state, proposal, out));
    expect([...state.attempts]).toEqual([[42, proposal]]);
    expect(effects.map((effect) => effect.type)).toEqual(['timer', 'send', 'send', 'send']);
    expect(proposal).toMatchObject({ phase: 'preparing', n: 42 });
  });

  it.each([
    ['a release', { kind: 'release', claimId: 'claim' as ClaimId }],
    ['a new choice', { kind: 'rechoose' }],
  ] as [string, Change][])('of %s is followed after one to two seconds, and holds no number till then', (_, change) => {
    const state = coreWith({ highestBallot: 40 });
    const proposal = proposalOf(change);
    effectsOf((out) => attempt(state, [proposal], out));
    const event = { type: 'retryDue', operation: 7, key: KEYS[0] };
    expect(effectsOf((out) => retry(state, proposal, out))).toEqual([
      { type: 'timer', afterMs: [1_000, 2_000], event },
    ]);
    expect([[...state.attempts], proposal.phase]).toEqual([[], 'idle']);
  });
});

it('an attempt that was outbid is followed after 5 to 125 ms, by chance, and holds no number till then', () => {
  const state = coreWith({ highestBallot: 40 });
  const proposal = proposalOf({ kind: 'claim', owner: OWNER });
  effectsOf((out) => attempt(state, [proposal], out));
  const event = { type: 'retryDue', operation: 7, key: KEYS[0] };
  expect(effectsOf((out) => backOff(state, proposal, out))).toEqual([{ type: 'timer', afterMs: [5, 125], event }]);
  expect([[...state.attempts], proposal.phase]).toEqual([[], 'idle']);
});

describe('what goes to all', () => {
  it('goes to the voters that were agreed, and before that to those of hosts.json', () => {
    const to = (state: CoreState) => toAll(state, []).flatMap((effect) => (effect.type === 'send' ? [effect.to] : []));
    expect(to(coreOn(mac))).toEqual([cloud, mac, mini]);
    const wish = { voters: [cloud, mac], members: [cloud, mac] };
    expect(to(coreOn(mac, { config: undefined, wish }))).toEqual([cloud, mac]);
  });
});
