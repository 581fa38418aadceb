import { describe, expect, it } from 'vitest';
import { EqualDeadlines } from '../../../mesh/time/equal-deadlines.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

function open(ms = 1_000) {
  const clock = new VirtualClock();
  const deadlines = new EqualDeadlines(clock, ms);
  const late: string[] = [];
  return { clock, deadlines, late, start: (name: string) => deadlines.start(() => late.push(name)) };
}

describe('deadlines of one length', () => {
  it('fall due in the order in which they began, none too early, over one sleep', async () => {
    const { clock, late, start } = open();
    start('a');
    await clock.advance(400);
    start('b');
    start('c');
    expect(clock.sleepers).toBe(1);
    await clock.advance(599);
    expect(late).toEqual([]);
    await clock.advance(1);
    expect(late).toEqual(['a']);
    await clock.advance(399);
    expect(late).toEqual(['a']);
    await clock.advance(1);
    expect(late).toEqual(['a', 'b', 'c']);
    expect(clock.sleepers).toBe(0);
  });

  it('that were called off never fall due, and leave no sleep behind once its time is over', async () => {
    const { clock, late, start } = open();
    const callOff = start('a');
    await clock.advance(999);
    callOff();
    await clock.advance(1);
    expect([late, clock.sleepers]).toEqual([[], 0]);
    start('b');
    await clock.advance(1_000);
    expect(late).toEqual(['b']);
  });

  it('may begin anew as one falls due', async () => {
    const { clock, deadlines, late, start } = open();
    deadlines.start(() => start('second'));
    await clock.advance(1_999);
    expect(late).toEqual([]);
    await clock.advance(1);
    expect(late).toEqual(['second']);
  });

  it('all end when they are stopped, the sleep with them', async () => {
    const { clock, deadlines, late, start } = open();
    start('a');
    deadlines.stop();
    await clock.settle();
    expect(clock.sleepers).toBe(0);
    await clock.advance(1_000);
    expect(late).toEqual([]);
  });
});
