import { describe, expect, it } from 'vitest';
import { Pump } from '../../../mesh/time/pump.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

/** A pump that notes when it looked for work; `waits`: what it finds to wait for, the last one from then on. */
function setUp(waits: readonly number[] = [Number.POSITIVE_INFINITY]) {
  const clock = new VirtualClock();
  const looks: number[] = [];
  const pump = new Pump({
    clock,
    start: () => {
      looks.push(clock.monotonicMs());
      return waits[Math.min(looks.length, waits.length) - 1] ?? Number.POSITIVE_INFINITY;
    },
  });
  const stop = new AbortController();
  const run = (finish = async () => {}) => pump.run(stop.signal, finish);
  return { clock, looks, pump, stop, run };
}

describe('a pump', () => {
  it('looks for work at once, and again when something is due', async () => {
    const { clock, looks, stop, run } = setUp([500, Number.POSITIVE_INFINITY]);
    const running = run();
    expect(looks).toEqual([0]);
    await clock.advance(10_000);
    expect(looks).toEqual([0, 500]);
    stop.abort();
    await running;
    expect(clock.sleepers).toBe(0);
  });

  it('looks at least every half minute while it waits, so that a wall clock that was set is noticed', async () => {
    const { clock, looks, stop, run } = setUp([86_400_000]);
    const running = run();
    await clock.advance(60_000);
    expect(looks).toEqual([0, 30_000, 60_000]);
    stop.abort();
    await running;
  });

  it('makes one look of all pokes of a moment, and none before it runs or when it has stopped', async () => {
    const { clock, looks, pump, stop, run } = setUp();
    pump.poke();
    await clock.settle();
    expect(looks).toEqual([]);
    const running = run();
    pump.poke();
    pump.poke();
    await clock.settle();
    expect(looks).toHaveLength(2);
    stop.abort();
    await running;
    pump.poke();
    await clock.settle();
    expect(looks).toHaveLength(2);
  });

  it('wakes for what a poke finds to be due sooner', async () => {
    const { clock, looks, pump, stop, run } = setUp([20_000, 100, 100, Number.POSITIVE_INFINITY]);
    const running = run();
    await clock.advance(1_000);
    pump.poke();
    await clock.advance(1_000);
    expect(looks).toEqual([0, 1_000, 1_000, 1_100]);
    stop.abort();
    await running;
  });

  it('finishes what is in hand when it is stopped, and starts nothing meanwhile', async () => {
    const { clock, pump, stop, run } = setUp();
    const gate = Promise.withResolvers<void>();
    let isFinished = false;
    const running = run(() => pump.settle(1_000)).then(() => {
      isFinished = true;
    });
    pump.spawn(() => gate.promise);
    stop.abort();
    await clock.advance(500);
    expect([isFinished, pump.isRunning]).toEqual([false, false]);
    gate.resolve();
    await running;
    expect(clock.sleepers).toBe(0);
  });

  it('waits for what is in hand no longer than it may', async () => {
    const { clock, pump, stop, run } = setUp();
    let isFinished = false;
    const running = run(() => pump.settle(1_000)).then(() => {
      isFinished = true;
    });
    pump.spawn(() => new Promise(() => undefined));
    stop.abort();
    await clock.advance(999);
    expect(isFinished).toBe(false);
    await clock.advance(1);
    await running;
  });

  it('stops at the first failure of its work, finishes, and passes that failure on', async () => {
    const { looks, pump, run } = setUp();
    let isFinished = false;
    const running = run(async () => {
      isFinished = true;
    });
    pump.spawn(
      () => Promise.reject(new Error('The disk is full.')),
      () => pump.poke(),
    );
    await expect(running).rejects.toThrow('The disk is full.');
    expect([isFinished, pump.hasFailed, pump.isRunning, looks.length]).toEqual([true, true, false, 1]);
  });

  it('tells when work has ended, however it did', async () => {
    const { clock, pump, stop, run } = setUp();
    const running = run();
    let ended = 0;
    pump.spawn(
      async () => {},
      () => {
        ended += 1;
      },
    );
    await clock.settle();
    expect(ended).toBe(1);
    stop.abort();
    await running;
  });

  it('runs once', async () => {
    const { stop, run } = setUp();
    stop.abort();
    await run();
    await expect(run()).rejects.toThrow('A pump runs once.');
  });
});
