import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PageUpkeep } from '../../../../node/mailbox/intake/page-upkeep.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

let clock: VirtualClock;
/** What each step is to come to; `done` when there is none. */
let steps: ('more' | 'kept' | 'done' | Error)[];
let doneAtMs: number[];
let failures: string[];
let overwriting: PageUpkeep;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  clock = new VirtualClock();
  [steps, doneAtMs, failures, stop] = [[], [], [], new AbortController()];
  overwriting = new PageUpkeep({
    overwriteSome: () => {
      const step = steps.shift() ?? 'done';
      doneAtMs.push(clock.monotonicMs());
      if (step instanceof Error) throw step;
      return step;
    },
    clock,
    failed: ({ message }) => failures.push(message),
  });
});

afterEach(async () => {
  stop.abort();
  await running;
  expect(clock.sleepers).toBe(0);
});

const begin = async () => {
  running = overwriting.run(stop.signal);
  await clock.settle();
};

describe('the overwriting of what was erased', () => {
  it('goes on from the start until nothing is left, with pauses, and then waits to be woken', async () => {
    steps = ['more', 'more', 'done'];
    await begin();
    await clock.advance(10_000);
    expect(doneAtMs).toEqual([0, 50, 100]);
    overwriting.wake();
    await clock.advance(10_000);
    expect(doneAtMs).toEqual([0, 50, 100, 10_050]);
  });

  it('is tried again after a while where somebody still reads what was, or it failed, which is told', async () => {
    steps = ['kept', new Error('the disk is full'), 'more'];
    await begin();
    await clock.advance(60_000);
    expect(doneAtMs).toEqual([0, 20_000, 40_000, 40_050]);
    expect(failures).toEqual(['the disk is full']);
  });

  it('hears what wakes it while it is at work', async () => {
    steps = ['more'];
    await begin();
    overwriting.wake();
    await clock.advance(10_000);
    expect(doneAtMs).toEqual([0, 50, 100]);
  });
});
