import { describe, expect, it } from 'vitest';
import { inTurns, Turns } from '../../../mesh/time/turns.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('a turn', () => {
  it.each([
    [4, false],
    [5, true],
    [50, true],
  ])('is over after %i ms: %s', async (ms, isOver) => {
    const clock = new VirtualClock();
    const turns = new Turns(clock);
    await clock.advance(ms);
    expect(turns.isOver).toBe(isOver);
  });

  it('begins anew once others have had theirs', async () => {
    const clock = new VirtualClock();
    const turns = new Turns(clock);
    await clock.advance(5);
    const next = turns.next();
    expect(turns.isOver).toBe(true);
    await clock.advance(0);
    await next;
    expect(turns.isOver).toBe(false);
  });
});

/** A clock on which each visited item takes so long, and how often whoever visits let others have a turn. */
function workOf(msPerItem: number) {
  let nowMs = 0;
  const world = { turns: 0, seen: [] as number[] };
  const clock = {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    sleep: async () => {
      world.turns += 1;
    },
  };
  const visit = (item: number) => {
    nowMs += msPerItem;
    world.seen.push(item);
  };
  return { world, clock, visit };
}

describe('inTurns', () => {
  it.each([
    ['nothing', 1, [], 0],
    ['work that costs nothing, at once', 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0],
    ['ten milliseconds in two turns', 1, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 1],
    ['each of three slow items in its own', 20, [1, 2, 3], 2],
  ])('visits %s', async (_, msPerItem, items, turns) => {
    const { world, clock, visit } = workOf(msPerItem);
    await inTurns(items, clock, visit);
    expect(world).toEqual({ turns, seen: items });
  });
});
