// What a host makes of the answers of voters; how it votes itself is told in core.test.ts.
import { describe, expect, it } from 'vitest';
import { hearAnswer } from '../../../mesh/claims/votes.ts';
import type { ItemAnswer } from '../../../mesh/register/item.ts';
import { voteKey } from '../../../mesh/state/config.ts';
import type { ClaimAnswer } from '../../../mesh/state/messages.ts';
import { effectsOf } from '../../support/core-on.ts';
import { CONFIG, cloud, DATA, formedCore, KEY, mac, ownerOn, run, sent } from '../../support/core-steps.ts';

const incarnation = DATA.cloud;
const items = (...said: ItemAnswer[]): ClaimAnswer => ({ version: 2, kind: 'items', incarnation, items: said });

/** A core on mac that has asked its voters for promises for one claim, with the number of its ballot. */
function claiming() {
  const state = formedCore();
  const claim = { key: KEY, owner: ownerOn(mac, 'mine') };
  const [prepare] = sent(run(state, { type: 'claim', operation: 1, claims: [claim] }));
  return { state, n: prepare?.n ?? 0 };
}

const promiseFor = (n: number): ItemAnswer => ({ kind: 'promise', n, accepted: null, value: null });

describe('an answer to items', () => {
  it('of another voter is a sign that it is there', () => {
    const state = formedCore();
    state.refusing.add(cloud);
    state.nowMs = 500;
    effectsOf((out) => hearAnswer(state, cloud, items(), 40, out));
    expect(state.heardAtMs.get(voteKey(cloud, DATA.cloud))).toBe(500);
    expect([...state.refusing]).toEqual([]);
    expect(state.roundTripMs).toBeCloseTo(4);
  });

  it('of this host itself does not count as a way', () => {
    const state = formedCore();
    effectsOf((out) => hearAnswer(state, mac, { ...items(), incarnation: DATA.mac } as ClaimAnswer, 40, out));
    expect(state.roundTripMs).toBe(0);
  });

  it('of a host on other data than was agreed is not heard', () => {
    const state = formedCore();
    state.refusing.add(cloud);
    const stranger = { ...items(), incarnation: 'f'.repeat(32) } as ClaimAnswer;
    expect(effectsOf((out) => hearAnswer(state, cloud, stranger, 1, out))).toEqual([]);
    expect([state.heardAtMs.size, state.refusing.size]).toEqual([0, 1]);
  });

  it('that completes a majority of promises has the value proposed to every voter', () => {
    const { state, n } = claiming();
    const mine: ClaimAnswer = { ...items(promiseFor(n)), incarnation: DATA.mac } as ClaimAnswer;
    expect(effectsOf((out) => hearAnswer(state, mac, mine, 1, out)).filter(({ type }) => type === 'send')).toEqual([]);
    const effects = effectsOf((out) => hearAnswer(state, cloud, items(promiseFor(n)), 1, out));
    expect(sent(effects)).toMatchObject([{ kind: 'accept', key: KEY, n, value: { claimId: 'mine' } }]);
  });

  it('to a ballot that is over leads to nothing', () => {
    const { state, n } = claiming();
    expect(effectsOf((out) => hearAnswer(state, cloud, items(promiseFor(n + 100)), 1, out))).toEqual([]);
  });

  it('that names a higher ballot is remembered: the next of this host is above it', () => {
    const { state, n } = claiming();
    effectsOf((out) => hearAnswer(state, cloud, items({ kind: 'nack', n, promised: [77, 'x'] }), 1, out));
    expect(state.highestBallot).toBeGreaterThanOrEqual(77);
  });
});

describe('an answer that is no vote', () => {
  const said = (answer: ClaimAnswer) => {
    const state = formedCore();
    state.membership.starts.isStored = true;
    return { state, effects: effectsOf((out) => hearAnswer(state, cloud, answer, 1, out)) };
  };

  it('says that its host refuses', () => {
    const { state, effects } = said({ version: 2, kind: 'refused', incarnation });
    expect([[...state.refusing], effects]).toEqual([[cloud], []]);
  });

  it('of a host that is behind has it greeted, so that it learns what holds now', () => {
    const { effects } = said({ version: 2, kind: 'behind', incarnation });
    expect(effects).toMatchObject([{ type: 'ask', to: cloud, question: { about: 'greeting', epoch: 1 } }]);
  });

  it('of a host that is ahead has its configuration adopted', () => {
    const { state } = said({ version: 2, kind: 'ahead', incarnation, config: { ...CONFIG, epoch: 2 } });
    expect(state.membership.config?.epoch).toBe(2);
  });
});
