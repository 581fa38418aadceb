// A mover that has others' registers to take over: whom it asks, and when it is done or gives up.
import { describe, expect, it } from 'vitest';
import type { AddressKey, HostId } from '../../../mesh/names.ts';
import type { Config } from '../../../mesh/state/config.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { CLAIM_VERSION, type KeysAnswer, type KeysQuestion, type Reply } from '../../../mesh/state/messages.ts';
import { MESH, run } from '../../support/core-on.ts';
import { aheadBy, asking, coreWith, JOINT, keyOf } from '../../support/joint-mesh.ts';
import { cloud, DATA, desk, lab, mac, mini } from '../../support/membership-of.ts';

describe('taking addresses over', () => {
  /** Whom a mover asks for keys from above which, at `nowMs`, when it does what is due. */
  const asksIn = (effects: readonly Effect[]) =>
    effects.flatMap((effect) =>
      effect.type === 'ask' && effect.question.about === 'keys' ? [[effect.to, effect.question.after]] : [],
    );
  const due = (state: CoreState, nowMs: number) => asksIn(run(state, { type: 'greetingDue' }, nowMs));
  const page = (keys: readonly AddressKey[], more: boolean, from: HostId): KeysAnswer => ({
    version: CLAIM_VERSION,
    kind: 'keys',
    incarnation: DATA[from] ?? '',
    keys,
    more,
  });
  const tell = (state: CoreState, from: HostId, question: KeysQuestion, reply: Reply, nowMs = 0) =>
    run(state, { type: 'replied', from, question, reply }, nowMs);
  const keysAsked = (effects: readonly Effect[]) =>
    new Set(
      effects.flatMap((effect) =>
        effect.type === 'send' ? effect.items.map((item) => (item.kind === 'prepare' ? item.key : '')) : [],
      ),
    );
  const mover = () => {
    const state = coreWith(cloud, JOINT);
    run(state, { type: 'started' });
    return state;
  };

  it('asks the old voters, page after page, and has each address chosen again that one of a majority tells', () => {
    const state = mover();
    expect(state.membership.move?.told.size).toBe(3);
    const next = tell(state, mini, asking(''), page([keyOf(1), keyOf(2)], true, mini));
    expect(asksIn(next)).toEqual([[mini, keyOf(2)]]);
    expect(keysAsked(tell(state, cloud, asking(''), page([keyOf(9)], false, cloud)))).toEqual(new Set());
    const last = tell(state, mini, asking(keyOf(2)), page([keyOf(3)], false, mini));
    expect(keysAsked(last)).toEqual(new Set([1, 2, 3, 9].map(keyOf)));
    expect(asksIn(last)).toEqual([]);
  });

  it('has the new voters decide alone only when every address was chosen again', () => {
    const state = mover();
    const many = Array.from({ length: 150 }, (_, number) => keyOf(number));
    tell(state, mini, asking(''), page(many, false, mini));
    tell(state, cloud, asking(''), page([], false, cloud));
    const [first, second] = [...(state.membership.move?.rechoosing.keys() ?? [])];
    expect([...(state.membership.move?.rechoosing.values() ?? [])]).toEqual([100, 50]);
    due(state, 1_000);
    run(state, { type: 'rechosen', operation: first ?? 0 }, 1_001);
    expect([state.membership.move?.done, state.membership.proposing]).toEqual([100, undefined]);
    run(state, { type: 'rechosen', operation: second ?? 0 }, 1_002);
    expect([state.membership.move?.done, state.membership.proposing?.proposal.wanted.epoch]).toEqual([150, 3]);
  });

  it('asks again for a page that was lost, and takes one that comes twice once', () => {
    const state = mover();
    tell(state, mini, asking(''), page([keyOf(1), keyOf(2)], true, mini));
    expect(due(state, 999)).toEqual([]);
    expect(due(state, 1_000)).toEqual([
      [cloud, ''],
      [mac, ''],
      [mini, keyOf(2)],
    ]);
    // The first page again, late, and now it is said to be the last one.
    tell(state, mini, asking(''), page([keyOf(1), keyOf(2)], false, mini), 1_001);
    tell(state, mac, asking(''), page([], false, mac), 1_002);
    expect(state.membership.move?.left).toBeUndefined();
    expect(keysAsked(tell(state, mini, asking(keyOf(2)), page([keyOf(3)], false, mini), 1_003))).toEqual(
      new Set([1, 2, 3].map(keyOf)),
    );
  });

  it('does not take what was told for another epoch, or by a host on other data', () => {
    const state = mover();
    tell(state, mini, asking('', { ...JOINT, epoch: 4 }), page([keyOf(1)], false, mini));
    tell(state, mac, asking(''), page([keyOf(2)], false, lab));
    expect([...(state.membership.move?.keys ?? [])]).toEqual([]);
    tell(state, cloud, asking(''), page([], false, cloud));
    expect(state.membership.move?.left).toBeUndefined();
  });

  it('gives up when a voter is in a later epoch, and goes by that', () => {
    const state = mover();
    for (const from of [mac, cloud]) tell(state, from, asking(''), page([], false, from));
    expect(state.membership.proposing).toBeDefined();
    const settled: Config = { ...MESH, epoch: 3, voters: JOINT.voters };
    tell(state, mini, asking(''), aheadBy(settled));
    expect([state.membership.config, state.membership.move, state.membership.proposing]).toEqual([
      settled,
      undefined,
      undefined,
    ]);
    expect(keysAsked(tell(state, cloud, asking(''), page([keyOf(2)], false, cloud)))).toEqual(new Set());
  });

  it('greets a voter that is in an earlier epoch, and asks it again', () => {
    const state = mover();
    const behind: Reply = { version: CLAIM_VERSION, kind: 'behind', incarnation: DATA[mini] ?? '' };
    const effects = tell(state, mini, asking(''), behind);
    expect(effects).toMatchObject([{ type: 'ask', to: mini, question: { about: 'greeting', config: JOINT } }]);
    expect(due(state, 1_000)).toContainEqual([mini, '']);
  });

  it('ends at once where there is nothing to take over', () => {
    const state = mover();
    tell(state, mac, asking(''), page([], false, mac));
    const effects = tell(state, mini, asking(''), page([], false, mini));
    expect(effects).toMatchObject(
      [cloud, desk, mac, mini].map((to) => ({ type: 'ask', to, question: { about: 'succession', kind: 'prepare' } })),
    );
    expect(state.membership.proposing?.proposal.wanted).toEqual({
      ...{ ...MESH, epoch: 3, voters: JOINT.voters },
      settled: [3],
    });
  });
});
