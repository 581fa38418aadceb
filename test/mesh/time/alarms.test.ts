import { describe, expect, it } from 'vitest';
import { Alarms } from '../../../mesh/time/alarms.ts';
import { Heap } from '../../../mesh/time/heap.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('alarms', () => {
  it('ring in the order of their times, whatever the order they were set in', async () => {
    const clock = new VirtualClock();
    const alarms = new Alarms(clock);
    const rung: string[] = [];
    for (const ms of [300, 100, 200, 100]) alarms.set(ms, () => rung.push(`${ms} at ${clock.monotonicMs()}`));
    await clock.advance(1_000);
    expect(rung).toEqual(['100 at 100', '100 at 100', '200 at 200', '300 at 300']);
  });

  it('ring when set by another alarm', async () => {
    const clock = new VirtualClock();
    const alarms = new Alarms(clock);
    const rung: number[] = [];
    alarms.set(10, () => alarms.set(5, () => rung.push(clock.monotonicMs())));
    await clock.advance(20);
    expect(rung).toEqual([15]);
  });

  it('keep one sleeper, and none once stopped', async () => {
    const clock = new VirtualClock();
    const alarms = new Alarms(clock);
    for (let ms = 100; ms > 0; ms -= 1) alarms.set(ms, () => undefined);
    await clock.settle();
    expect(clock.sleepers).toBe(1);
    alarms.stop();
    await clock.settle();
    expect(clock.sleepers).toBe(0);
  });

  it('do not ring once stopped', async () => {
    const clock = new VirtualClock();
    const alarms = new Alarms(clock);
    let rung = 0;
    const ring = () => {
      rung += 1;
    };
    alarms.set(10, ring);
    alarms.stop();
    alarms.set(10, ring);
    await clock.advance(100);
    expect(rung).toBe(0);
  });
});

describe('a heap', () => {
  it('gives back what was put in, smallest first', () => {
    const random = seededRandom(1);
    const heap = new Heap<number>((a, b) => a < b);
    const values = Array.from({ length: 500 }, () => Math.floor(random.next() * 100));
    for (const value of values) heap.push(value);
    const taken: number[] = [];
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) taken.push(next);
    expect(taken).toEqual([...values].sort((a, b) => a - b));
  });
});
