import { describe, expect, it } from 'vitest';
import { Sleeper } from '../../../mesh/time/sleeper.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const HOUR_MS = 3_600_000;

/** A sleeper at the moment 1,000, and when it last woke. */
async function setUp() {
  const clock = new VirtualClock();
  await clock.advance(1_000);
  const sleeper = new Sleeper(clock);
  const world = { clock, sleeper, wokeMs: undefined as number | undefined, sleepUntil: (_untilMs: number) => {} };
  world.sleepUntil = (untilMs) => {
    sleeper.prepare();
    void sleeper.sleepUntil(untilMs).then(() => {
      world.wokeMs = clock.monotonicMs();
    });
  };
  return world;
}

describe('a sleeper', () => {
  it.each([
    ['until what is due', 5_000, 5_000],
    ['for a millisecond when that is due already', 900, 1_001],
    ['for a millisecond when that is due now', 1_000, 1_001],
    ['until what is due in half a minute', 31_000, 31_000],
    ['for half a minute at most', 500_000, 31_000],
    ['for an hour when nothing is due', Number.POSITIVE_INFINITY, 1_000 + HOUR_MS],
  ])('sleeps %s', async (_, untilMs, wakesMs) => {
    const world = await setUp();
    world.sleepUntil(untilMs);
    await world.clock.advance(2 * HOUR_MS);
    expect(world.wokeMs).toBe(wakesMs);
  });

  it.each([
    ['wakes for what is due sooner', 4_999, 1_000],
    ['sleeps on for what is due at the same time', 5_000, undefined],
    ['sleeps on for what is due later', 6_000, undefined],
  ])('%s', async (_, dueMs, wokeMs) => {
    const world = await setUp();
    world.sleepUntil(5_000);
    world.sleeper.wakeFor(dueMs);
    await world.clock.settle();
    expect(world.wokeMs).toBe(wokeMs);
  });

  it('wakes for anything that is due when it sleeps for nothing', async () => {
    const world = await setUp();
    world.sleepUntil(Number.POSITIVE_INFINITY);
    world.sleeper.wakeFor(2 * HOUR_MS);
    await world.clock.settle();
    expect(world.wokeMs).toBe(1_000);
  });

  it('wakes when it is told to, and leaves nobody asleep', async () => {
    const world = await setUp();
    world.sleepUntil(5_000);
    world.sleeper.wake();
    await world.clock.settle();
    expect([world.wokeMs, world.clock.sleepers]).toEqual([1_000, 0]);
  });

  it('does not miss what comes between its look and its sleep', async () => {
    const { clock, sleeper } = await setUp();
    sleeper.prepare();
    sleeper.wake();
    await sleeper.sleepUntil(5_000);
    expect(clock.sleepers).toBe(0);
  });

  it('sleeps again after it was woken', async () => {
    const world = await setUp();
    world.sleepUntil(5_000);
    world.sleeper.wake();
    await world.clock.settle();
    world.sleepUntil(6_000);
    await world.clock.advance(10_000);
    expect(world.wokeMs).toBe(6_000);
  });
});
