import { describe, expect, it } from 'vitest';
import { nextBallotNumber, noteBallotNumber, reserveBallots } from '../../../mesh/state/ballot-numbers.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import { coreOn, effectsOf, run } from '../../support/core-on.ts';
import { mac } from '../../support/membership-of.ts';

const coreWith = (numbers: Partial<CoreState>) => Object.assign(coreOn(mac), numbers);

describe('the number of a ballot', () => {
  it('is higher than any that was used', () => {
    const state = coreWith({ highestBallot: 4 });
    expect([nextBallotNumber(state), nextBallotNumber(state)]).toEqual([5, 6]);
  });

  it.each([
    ['higher than one that was seen', 9, 10],
    ['no lower for a lower one that was seen', 2, 5],
  ])('is %s', (_, seen, next) => {
    const state = coreWith({ highestBallot: 4 });
    noteBallotNumber(state, seen);
    expect(nextBallotNumber(state)).toBe(next);
  });

  it('is higher, after a restart, than any that was on the disk as used', () => {
    expect(nextBallotNumber(coreOn(mac, { records: { ballotCeiling: 20_000 } }))).toBe(20_001);
  });
});

describe('numbers kept ahead', () => {
  it.each([
    ['none while half a block is left', 15_000, undefined],
    ['a block from the highest one once less is left', 15_001, 25_001],
    ['a block beyond one that somebody else used', 90_000, 100_000],
  ])('are %s', (_, highestBallot, ceiling) => {
    const state = coreWith({ highestBallot, ballotCeiling: 20_000, ceilingAsked: 20_000 });
    const durable = { type: 'event', event: { type: 'ceilingDurable', ceiling } };
    const write = { type: 'persist', writes: [{ key: 'claim/ballot-ceiling', value: ceiling }], after: [durable] };
    expect(effectsOf((out) => reserveBallots(state, out))).toEqual(ceiling === undefined ? [] : [write]);
  });

  it('are asked for once, and count only when they are on the disk', () => {
    const state = coreWith({ highestBallot: 15_001, ballotCeiling: 20_000, ceilingAsked: 20_000 });
    const effects = [1, 2].map(() => effectsOf((out) => reserveBallots(state, out)).length);
    expect([effects, state.ballotCeiling]).toEqual([[1, 0], 20_000]);
    run(state, { type: 'ceilingDurable', ceiling: 25_001 });
    expect(state.ballotCeiling).toBe(25_001);
  });
});
