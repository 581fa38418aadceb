import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Erasures } from '../../../node/store/erasures.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { RecordingLog } from '../../support/recording-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let clock: VirtualClock;
let store: MemoryStore;
let log: RecordingLog;
/** When each step was made. */
let stepsAtMs: number[];
let failure: Error | undefined;
let erasures: Erasures;
let stop: AbortController;
let running: Promise<void>;

const forgetting = {
  async *overwrite() {
    for (let step = 0; step < 3; step += 1) {
      if (failure !== undefined) throw failure;
      stepsAtMs.push(clock.monotonicMs());
      yield;
    }
  },
};

async function begin(): Promise<void> {
  stop = new AbortController();
  erasures = await Erasures.open({ store, forgetting, clock, log });
  running = erasures.run(stop.signal);
  await clock.settle();
}

async function end(): Promise<void> {
  stop.abort();
  await running;
  expect(clock.sleepers).toBe(0);
}

beforeEach(async () => {
  [clock, store, log, stepsAtMs, failure] = [new VirtualClock(), new MemoryStore(), new RecordingLog(), [], undefined];
  await begin();
});

afterEach(end);

describe('what is to be erased', () => {
  it('is overwritten a moment later, some at a time, and once for all who asked meanwhile', async () => {
    await clock.advance(10_000);
    expect(stepsAtMs).toEqual([]);
    await erasures.erase();
    await erasures.erase();
    await clock.advance(10_000);
    expect(stepsAtMs).toEqual([10_050, 10_100, 10_150]);
    expect(store.snapshot()).toEqual(new Map());
  });

  it('is overwritten again from the beginning for who asks while that is done', async () => {
    await erasures.erase();
    await clock.advance(100);
    await erasures.erase();
    await clock.advance(10_000);
    expect(stepsAtMs).toEqual([50, 100, 150, 200, 250, 300]);
    expect(store.snapshot()).toEqual(new Map());
  });

  it('is overwritten after the next start where the process ended in between', async () => {
    await erasures.erase();
    await clock.advance(60);
    await end();
    store = new MemoryStore({ disk: store.crash() });
    stepsAtMs = [];
    await begin();
    await clock.advance(10_000);
    expect(stepsAtMs.length).toBe(3);
    expect(store.snapshot()).toEqual(new Map());
  });

  it('is tried again a minute later when it failed, which is told', async () => {
    failure = new Error('the disk is full');
    await erasures.erase();
    await clock.advance(1_000);
    failure = undefined;
    await clock.advance(58_000);
    expect(stepsAtMs).toEqual([]);
    await clock.advance(10_000);
    expect(stepsAtMs.length).toBe(3);
    expect(store.snapshot()).toEqual(new Map());
    expect(log.named('store.overwriting_waits').map(({ fields }) => fields)).toEqual([
      { message: 'Octets of what was erased may be left: the disk is full' },
    ]);
  });
});
