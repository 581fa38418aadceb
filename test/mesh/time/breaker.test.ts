import { describe, expect, it } from 'vitest';
import { attemptsMax, type Breaker, closed, doubledMs, failed, NEW_BREAKER } from '../../../mesh/time/breaker.ts';

const ONE = { failuresMin: 1, attemptsMax: 4 };
const THREE = { failuresMin: 3, attemptsMax: 4 };
const NOW_MS = 1_000;
const PAUSED: Breaker = { streak: 1, pauses: 5, pausedUntilMs: 1_500 };

const failure = (more: Partial<Parameters<typeof failed>[1]> = {}) => ({
  pausesSeen: 5,
  nowMs: NOW_MS,
  delayMs: 100,
  askedMs: 0,
  ...more,
});

describe('how many attempts may be under way', () => {
  it.each<[string, Breaker, number]>([
    ['all, when nothing failed', NEW_BREAKER, 4],
    ['all, below the failures that begin a pause', { streak: 2, pauses: 2, pausedUntilMs: 0 }, 4],
    ['none, until the last moment of a pause', { streak: 3, pauses: 3, pausedUntilMs: NOW_MS + 1 }, 0],
    ['the probe alone, from the end of the pause', { streak: 3, pauses: 3, pausedUntilMs: NOW_MS }, 1],
    ['none, when a pause was asked for without a failure', { streak: 0, pauses: 1, pausedUntilMs: NOW_MS + 1 }, 0],
  ])('%s', (_what, breaker, count) => {
    expect(attemptsMax(breaker, THREE, NOW_MS)).toBe(count);
  });
});

describe('a success', () => {
  it.each<[string, Breaker, number, Breaker]>([
    ['ends the streak and the pause', PAUSED, 5, { streak: 0, pauses: 5, pausedUntilMs: 0 }],
    ['counts for nothing when it began before the pause', PAUSED, 4, PAUSED],
    [
      'leaves a pause that was asked for when it began before',
      { ...PAUSED, streak: 0 },
      4,
      { streak: 0, pauses: 5, pausedUntilMs: 1_500 },
    ],
  ])('%s', (_what, before, pausesSeen, after) => {
    expect(closed(before, pausesSeen, ONE)).toEqual(after);
  });

  it('that is older than a failure ends the streak as long as there is no pause', () => {
    expect(closed({ streak: 2, pauses: 2, pausedUntilMs: 0 }, 1, THREE).streak).toBe(0);
    expect(closed({ streak: 3, pauses: 3, pausedUntilMs: 1_500 }, 1, THREE).streak).toBe(3);
  });
});

describe('a failure', () => {
  it.each<[string, Parameters<typeof failed>[1], Breaker]>([
    ['of the probe begins the next pause', failure(), { streak: 2, pauses: 6, pausedUntilMs: 1_100 }],
    ['pauses for as long as was asked', failure({ askedMs: 900 }), { streak: 2, pauses: 6, pausedUntilMs: 1_900 }],
    ['pauses no shorter than its delay', failure({ askedMs: 50 }), { streak: 2, pauses: 6, pausedUntilMs: 1_100 }],
    ['older than the pause counts for nothing', failure({ pausesSeen: 4, delayMs: 9_000 }), PAUSED],
    [
      'older than the pause lengthens it by what was asked',
      failure({ pausesSeen: 4, askedMs: 900 }),
      { ...PAUSED, pausedUntilMs: 1_900 },
    ],
    ['older than the pause never shortens it', failure({ pausesSeen: 4, askedMs: 10 }), PAUSED],
  ])('%s', (_what, told, after) => {
    expect(failed(PAUSED, told, ONE)).toEqual(after);
  });

  it('begins a pause only when enough came in a row', () => {
    let breaker = NEW_BREAKER;
    const pauses = [];
    for (let pausesSeen = 0; pausesSeen < 3; pausesSeen += 1) {
      breaker = failed(breaker, failure({ pausesSeen }), THREE);
      pauses.push(breaker.pausedUntilMs);
    }
    expect(pauses).toEqual([0, 0, 1_100]);
  });

  it('may count for as many as begin a pause', () => {
    expect(failed(NEW_BREAKER, failure({ pausesSeen: 0 }), THREE, 3)).toEqual({
      streak: 3,
      pauses: 1,
      pausedUntilMs: 1_100,
    });
  });
});

describe('the length of a pause', () => {
  it('the pause doubles up to its bound', () => {
    const places = [-2, 0, 1, 2, 3, 4, 2_000];
    const lengths = places.map((place) => doubledMs(place, { firstMs: 100, msMax: 1_000 }));
    expect(lengths).toEqual([100, 100, 200, 400, 800, 1_000, 1_000]);
  });
});
