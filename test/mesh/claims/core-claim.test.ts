import { describe, expect, it } from 'vitest';
import { step } from '../../../mesh/claims/core.ts';
import type { ClaimId } from '../../../mesh/names.ts';
import type { ItemAnswer } from '../../../mesh/register/item.ts';
import type { CoreState } from '../../../mesh/state/core-state.ts';
import type { Event } from '../../../mesh/state/events.ts';
import { answer, cloud, finished, formedCore, KEY, mac, mini, ownerOn, run, sent } from '../../support/core-steps.ts';

describe('a claim', () => {
  const begin = (state: CoreState) => {
    run(state, { type: 'started' });
    return (
      sent(run(state, { type: 'claim', operation: 1, claims: [{ key: KEY, owner: ownerOn(mac, 'claim-mine') }] }))[0]
        ?.n ?? 0
    );
  };

  it('exposes its value only when its intent is durable', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const effects = step(
      state,
      { type: 'claim', operation: 1, claims: [{ key: KEY, owner: ownerOn(mac, 'claim-mine') }] },
      0,
      0,
    );
    const n = sent(effects)[0]?.n ?? 0;
    const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
    const early = [...run(state, answer('cloud', promise)), ...run(state, answer('mini', promise))];
    expect(sent(early)).toEqual([]);
    expect(sent(run(state, { type: 'intentDurable', operation: 1 }))).toMatchObject([{ kind: 'accept', n }]);
  });

  it('never takes a value seen at less than a majority for chosen', () => {
    const state = formedCore();
    const n = begin(state);
    const other = ownerOn(cloud, 'claim-other');
    run(state, answer('cloud', { kind: 'promise', n, accepted: [1, cloud], value: other }));
    const effects = run(state, answer('mini', { kind: 'promise', n, accepted: null, value: null }));
    expect(finished(effects)).toEqual([]);
    expect(sent(effects)).toMatchObject([{ kind: 'accept', value: other }]);
  });

  it('loses at once to a value that a majority reports under one ballot', () => {
    const state = formedCore();
    const n = begin(state);
    const promise: ItemAnswer = { kind: 'promise', n, accepted: [1, cloud], value: ownerOn(cloud, 'claim-other') };
    run(state, answer('cloud', promise));
    expect(finished(run(state, answer('mini', promise)))).toMatchObject([
      { kind: 'conflict', owner: { claimId: 'claim-other' } },
    ]);
  });

  it('does not count one voter twice', () => {
    const state = formedCore();
    const n = begin(state);
    const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('cloud', promise)))).toEqual([]);
  });

  it('does not count a vote on other data than the mesh formed with', () => {
    const state = formedCore();
    const n = begin(state);
    run(state, answer('cloud', { kind: 'promise', n, accepted: null, value: null }));
    const stranger: Event = {
      type: 'answered',
      from: mini,
      tookMs: 1,
      answer: {
        version: 2,
        kind: 'items',
        incarnation: 'd'.repeat(32),
        items: [{ kind: 'promise', n, accepted: null, value: null }],
      },
    };
    expect(sent(run(state, stranger))).toEqual([]);
  });

  it('may replace a claim of its own host that no registry holds', () => {
    const state = formedCore();
    const n = begin(state);
    const promise: ItemAnswer = { kind: 'promise', n, accepted: [1, mac], value: ownerOn(mac, 'claim-left-over') };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('mini', promise)))).toMatchObject([
      { kind: 'accept', value: { claimId: 'claim-mine' } },
    ]);
  });
});

describe('freeing a claim', () => {
  it('writes even when a majority knows nothing of it, for it may linger at the others', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const n =
      sent(run(state, { type: 'release', operation: 1, claims: [{ key: KEY, claimId: 'claim-mine' as ClaimId }] }))[0]
        ?.n ?? 0;
    const promise: ItemAnswer = { kind: 'promise', n, accepted: null, value: null };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('mini', promise)))).toMatchObject([{ kind: 'accept', n, value: null }]);
  });

  it('leaves the claim of anybody else as it is', () => {
    const state = formedCore();
    run(state, { type: 'started' });
    const n =
      sent(run(state, { type: 'release', operation: 1, claims: [{ key: KEY, claimId: 'claim-mine' as ClaimId }] }))[0]
        ?.n ?? 0;
    const other = ownerOn(cloud, 'claim-other');
    const promise: ItemAnswer = { kind: 'promise', n, accepted: [1, cloud], value: other };
    run(state, answer('cloud', promise));
    expect(sent(run(state, answer('mini', promise)))).toMatchObject([{ kind: 'accept', n, value: other }]);
  });

  it('is taken up again after a crash', () => {
    const state = formedCore({ intents: new Map([['claim-mine' as ClaimId, KEY]]) });
    expect(sent(run(state, { type: 'started' }))).toMatchObject([{ kind: 'prepare', key: KEY, claiming: false }]);
  });
});
