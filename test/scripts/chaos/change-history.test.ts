import { describe, expect, it } from 'vitest';
import { type ChangeHistory, type ToldEvent, violationsOf } from '../../../scripts/chaos/change-history.ts';

const event = (agent: string, sequence: number, id = `${agent}-${sequence}`): ToldEvent => ({
  id,
  sequence,
  agent: { id: agent },
});

const TOLD = [event('a', 1), event('a', 2), event('b', 1), event('a', 3)];

/** What is wrong when a listener heard this. */
function judged(heard: readonly ToldEvent[], members: Partial<ChangeHistory> = {}) {
  const expected = new Map([
    ['a', 3],
    ['b', 1],
  ]);
  return violationsOf({ expected, told: TOLD, hearings: [{ name: 'gateway', heard, repeatsMax: 1 }], ...members });
}

describe('a history of changes', () => {
  it('is right when every change was heard, in order per agent, with no more repeats than were in flight', () => {
    expect(judged([event('b', 1), event('a', 1), event('a', 2), event('a', 1), event('a', 3)])).toEqual([]);
  });

  it.each([
    ['a lost change', TOLD.slice(0, 3), /1 changes were lost, such as .*"a-3"/],
    ['an invented change', [...TOLD, event('c', 1)], /"c-1".* was invented/],
    ['a changed change', [...TOLD.slice(0, 3), event('b', 3, 'a-3')], /was invented/],
    [
      'another order',
      [event('a', 2), event('a', 1), event('b', 1), event('a', 3)],
      /event 1 of a came after its event 2/,
    ],
    ['too many repeats', [...TOLD, ...TOLD.slice(0, 2)], /2 changes were repeated, more than the 1/],
  ])('shows %s', (_, heard, violation) => {
    expect(judged(heard)).toEqual(expect.arrayContaining([expect.stringMatching(violation)]));
  });

  it.each([
    ['fewer changes than were answered', TOLD.slice(0, 3), /a was changed 3 times, and its host's log tells of 2/],
    ['more changes than were asked for', [...TOLD, event('a', 4)], /a was changed 3 times.* tells of 4/],
    ['a gap', [event('a', 1), event('a', 3), event('a', 4), event('b', 1)], /event 3 where 2 comes next/],
  ])('shows a log with %s', (_, told, violation) => {
    expect(judged(told, { told })).toEqual(expect.arrayContaining([expect.stringMatching(violation)]));
  });
});
