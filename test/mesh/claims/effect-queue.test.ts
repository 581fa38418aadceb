import { describe, expect, it } from 'vitest';
import { EffectQueue } from '../../../mesh/claims/effect-queue.ts';
import type { Effect } from '../../../mesh/state/events.ts';

const writing = (key: string): Effect => ({ type: 'persist', writes: [{ key, value: true }], after: [] });
const goingOn: Effect = { type: 'event', event: { type: 'hearingOver' } };

/** A runner whose core decides on the next of `lists` with each event; notes the records in the order of their writes. */
function runner(...lists: (readonly Effect[])[]) {
  const written: string[] = [];
  const queue = new EffectQueue((effect) => {
    if (effect.type === 'event') queue.push(lists.shift() ?? []);
    if (effect.type === 'persist') written.push(...effect.writes.map(({ key }) => key));
  });
  return { queue, written };
}

describe('effects', () => {
  it('of an event in the middle of a list come after the rest of that list', () => {
    const { queue, written } = runner([writing('inner')]);
    queue.push([writing('first'), goingOn, writing('last')]);
    expect(written).toEqual(['first', 'last', 'inner']);
  });

  it('keep the order in which they were decided on, however deep an event leads', () => {
    const { queue, written } = runner([goingOn, writing('b1')], [writing('b2'), goingOn], [writing('c')]);
    queue.push([goingOn, goingOn, writing('a')]);
    expect(written).toEqual(['a', 'b1', 'b2', 'c']);
  });

  it('are all done when the call returns, and the next call begins anew', () => {
    const { queue, written } = runner([writing('inner')]);
    queue.push([goingOn]);
    expect(written).toEqual(['inner']);
    queue.push([writing('next')]);
    expect(written).toEqual(['inner', 'next']);
  });

  it('that follow one which can not be done are not done later', () => {
    const written: string[] = [];
    const queue = new EffectQueue((effect) => {
      if (effect.type === 'event') throw new Error('This is a bug.');
      if (effect.type === 'persist') written.push(...effect.writes.map(({ key }) => key));
    });
    expect(() => queue.push([writing('first'), goingOn, writing('after the bug')])).toThrow('This is a bug.');
    queue.push([writing('next')]);
    expect(written).toEqual(['first', 'next']);
  });
});
