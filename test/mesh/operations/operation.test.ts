import { describe, expect, it } from 'vitest';
import { CLAIM_MS_MAX } from '../../../mesh/limits.ts';
import type { AddressKey, ClaimId } from '../../../mesh/names.ts';
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN } from '../../../mesh/operations/attempts.ts';
import {
  advance,
  beginAnew,
  beginWaiting,
  claim,
  end,
  exposePrepared,
  rechoose,
  release,
} from '../../../mesh/operations/operation.ts';
import type { Owner } from '../../../mesh/owner.ts';
import type { Item } from '../../../mesh/register/item.ts';
import type { Progress, Proposal } from '../../../mesh/register/proposer.ts';
import { INTENT } from '../../../mesh/state/claim-records.ts';
import type { CoreState, Operation } from '../../../mesh/state/core-state.ts';
import type { Effect } from '../../../mesh/state/events.ts';
import { coreOn, effectsOf, THREE, writesOf } from '../../support/core-on.ts';
import { mac } from '../../support/membership-of.ts';

const [A, B] = ['a@x.com', 'b@x.com'] as string[] as [AddressKey, AddressKey];
const ownerOf = (claimId: string) => ({ hostId: mac, claimId }) as Owner;
const CLAIMS = [
  { key: A, owner: ownerOf('one') },
  { key: B, owner: ownerOf('two') },
];

/** A core that has numbers on the disk as used, in a mesh that has formed unless told otherwise. */
const coreWith = (known: Parameters<typeof coreOn>[1] = {}): CoreState =>
  Object.assign(coreOn(mac, known), { ceilingAsked: 20_000, ballotCeiling: 20_000 });

const types = (effects: readonly Effect[]) => new Set(effects.map(({ type }) => type));
const itemsIn = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'send' ? effect.items : []));
const finishedIn = (effects: readonly Effect[]) =>
  effects.flatMap((effect) => (effect.type === 'finish' ? [effect.result] : []));

/** A claim of both addresses in hand, and what its beginning led to. */
function claimed(): { state: CoreState; operation: Operation; effects: Effect[]; proposals: readonly Proposal[] } {
  const state = coreWith();
  const effects = effectsOf((out) => claim(state, 7, CLAIMS, out));
  const operation = state.operations.get(7);
  if (operation === undefined) throw new Error('There is an operation.');
  return { state, operation, effects, proposals: operation.proposals };
}

/** Tells the operation of what an answer led to: the items for all voters, and everything else. */
function told(state: CoreState, proposal: Proposal | undefined, progress: Progress) {
  const items: Item[] = [];
  const effects = effectsOf((out) => {
    if (proposal !== undefined) advance(state, proposal, progress, items, out);
  });
  return { items, effects };
}

describe('a claim', () => {
  it('notes its intents and asks every voter at the same time, and ends after its time', () => {
    const { effects, state } = claimed();
    expect(writesOf(effects)).toEqual([
      [`${INTENT}one`, A],
      [`${INTENT}two`, B],
    ]);
    expect(itemsIn(effects).map(({ kind, key }) => `${kind} ${key}`)).toEqual(
      THREE.flatMap(() => [`prepare ${A}`, `prepare ${B}`]),
    );
    expect(effects).toContainEqual({
      type: 'timer',
      afterMs: [CLAIM_MS_MAX, CLAIM_MS_MAX],
      event: { type: 'operationOver', operation: 7 },
    });
    expect(state.claimsInHand).toBe(1);
  });

  it('proposes nothing before its intents are durable, and then all that is prepared', () => {
    const { state, operation, proposals } = claimed();
    const [first] = proposals;
    if (first === undefined) throw new Error('There is a proposal.');
    Object.assign(first, { phase: 'prepared', proposed: ownerOf('one') });
    expect(told(state, first, { kind: 'propose' }).items).toEqual([]);
    const exposed = itemsIn(effectsOf((out) => exposePrepared(state, operation, out)));
    expect(exposed.map(({ kind, key }) => `${kind} ${key}`)).toEqual(THREE.map(() => `accept ${A}`));
    expect(first.exposed).toBe(true);
  });

  it('is held when each of its addresses is chosen, and not before', () => {
    const { state, proposals } = claimed();
    expect(finishedIn(told(state, proposals[0], { kind: 'chosen', value: ownerOf('one') }).effects)).toEqual([]);
    const intentsDone = ['one', 'two'].map((id) => ({ key: INTENT + id, value: undefined }));
    expect(finishedIn(told(state, proposals[1], { kind: 'chosen', value: ownerOf('two') }).effects)).toEqual([
      { kind: 'held', intentsDone },
    ]);
    expect([state.operations.size, state.claimsInHand, state.attempts.size]).toEqual([0, 0, 0]);
  });

  it.each<[string, Progress]>([
    ['another claim was chosen', { kind: 'chosen', value: ownerOf('other') }],
    ['a registry holds the address', { kind: 'vetoed', owner: ownerOf('other') }],
  ])('ends at once when %s: what was exposed is released, the rest forgotten', (_, progress) => {
    const { state, proposals } = claimed();
    const [first, second] = proposals;
    if (first !== undefined) first.exposed = true;
    const { effects } = told(state, second, progress);
    expect(finishedIn(effects)).toEqual([{ kind: 'conflict', key: B, owner: ownerOf('other') }]);
    expect(writesOf(effects)).toEqual([[`${INTENT}two`, undefined]]);
    const releases = [...state.operations.values()].flatMap((one) => one.proposals.map(({ change }) => change));
    expect(releases).toEqual([{ kind: 'release', claimId: 'one' }]);
  });

  it('that was outbid tries again after a short wait', () => {
    const { state, proposals } = claimed();
    const { effects } = told(state, proposals[0], { kind: 'outbid' });
    expect(effects).toEqual([
      { type: 'timer', afterMs: [BACKOFF_MS_MIN, BACKOFF_MS_MAX], event: { type: 'retryDue', operation: 7, key: A } },
    ]);
    expect([proposals[0]?.phase, state.attempts.size]).toEqual(['idle', 1]);
  });

  it('waits until the mesh has formed', () => {
    const state = coreWith({ config: undefined });
    expect(types(effectsOf((out) => claim(state, 7, CLAIMS, out)))).toEqual(new Set(['timer']));
    const formed = coreWith();
    for (const [id, operation] of state.operations) formed.operations.set(id, operation);
    expect(itemsIn(effectsOf((out) => beginWaiting(formed, out)))).toHaveLength(THREE.length * CLAIMS.length);
    // Once.
    expect(effectsOf((out) => beginWaiting(formed, out))).toEqual([]);
  });
});

describe('a release', () => {
  it('has no end but that every address is released', () => {
    const state = coreWith();
    const begun = effectsOf((out) => release(state, 8, [{ key: A, claimId: 'one' as ClaimId }], out));
    expect(begun.some((effect) => effect.type === 'timer' && effect.event.type === 'operationOver')).toBe(false);
    const { effects } = told(state, state.operations.get(8)?.proposals[0], { kind: 'chosen', value: null });
    expect([writesOf(effects), finishedIn(effects)]).toEqual([[[`${INTENT}one`, undefined]], [{ kind: 'released' }]]);
  });
});

describe('under another configuration', () => {
  it('what is in hand is asked anew under new ballots, and what a mover had chosen again is no more its affair', () => {
    const { state, proposals } = claimed();
    rechoose(state, 9, [A], []);
    const before = [...state.attempts.keys()];
    const [first] = proposals;
    if (first !== undefined) first.phase = 'ended';
    const effects = effectsOf((out) => beginAnew(state, out));
    expect([...state.operations.keys()]).toEqual([7]);
    expect(itemsIn(effects).map(({ key }) => key)).toEqual(THREE.map(() => B));
    expect([...state.attempts.keys()].some((n) => before.includes(n))).toBe(false);
  });
});

it('an operation that ended hears nothing more', () => {
  const { state, operation, proposals } = claimed();
  end(state, operation, { kind: 'released' }, []);
  expect(told(state, proposals[0], { kind: 'chosen', value: null })).toEqual({ items: [], effects: [] });
});
