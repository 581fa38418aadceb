import { describe, expect, it } from 'vitest';
import {
  interruptedDelayMs,
  judge,
  parseRetryAfter,
  retryDelayMs,
} from '../../../../node/webhooks/schedule/schedule.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const NOW_MS = Date.UTC(2026, 0, 27, 12);
const HOUR_MS = 3_600_000;

function answered(status: number, retryAfter?: string) {
  return judge({ kind: 'answered', status, retryAfter, tookMs: 1 }, NOW_MS);
}

describe('an answer', () => {
  it.each([200, 201, 202, 204, 206, 299])('%i accepts', (status) => {
    expect(answered(status)).toEqual({ kind: 'accepted' });
  });

  it.each([300, 301, 302, 307, 308, 400, 401, 404, 409, 422, 500, 501])('%i refuses this event', (status) => {
    expect(answered(status)).toEqual({ kind: 'failed', isEndpoint: false, retryAfterMs: 0 });
  });

  it.each([429, 502, 503, 504])('%i speaks for the whole endpoint', (status) => {
    expect(answered(status, '7')).toEqual({ kind: 'failed', isEndpoint: true, retryAfterMs: 7_000 });
  });

  it('410 wants no more', () => {
    expect(answered(410)).toEqual({ kind: 'gone' });
  });

  it('that does not come speaks for the whole endpoint', () => {
    const outcome = { kind: 'failed', error: 'timeout', message: 'Too late.', tookMs: 15_000 } as const;
    expect(judge(outcome, NOW_MS)).toEqual({ kind: 'failed', isEndpoint: true, retryAfterMs: 0 });
  });
});

it('a failure of the node itself is of this one event', () => {
  const outcome = { kind: 'failed', error: 'internal_error', message: 'It failed.', tookMs: 0 } as const;
  expect(judge(outcome, NOW_MS)).toEqual({ kind: 'failed', isEndpoint: false, retryAfterMs: 0 });
});

describe('the delay before the next attempt', () => {
  it('follows the schedule and then stays at a day', () => {
    const random = { next: () => 0.5, bytes: seededRandom(1).bytes };
    const delays = Array.from({ length: 12 }, (_, failures) => retryDelayMs(failures, random) / 1_000);
    expect(delays).toEqual([0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400, 86_400, 86_400]);
  });

  it('is up to a fifth shorter or longer, and uses all of that', () => {
    const random = seededRandom(7);
    const delays = Array.from({ length: 1_000 }, () => retryDelayMs(2, random));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(240_000);
    expect(Math.min(...delays)).toBeLessThan(245_000);
    expect(Math.max(...delays)).toBeLessThanOrEqual(360_000);
    expect(Math.max(...delays)).toBeGreaterThan(355_000);
  });
});

describe('Retry-After', () => {
  it.each([
    ['120', 120_000],
    [' 120 ', 120_000],
    ['1', 1_000],
    ['0', 0],
    ['-5', 0],
    ['1.5', 0],
    ['soon', 0],
    ['', 0],
    ['999999999999999999999', 24 * HOUR_MS],
    ['Tue, 27 Jan 2026 12:01:00 GMT', 60_000],
    ['Tuesday, 27-Jan-26 12:01:00 GMT', 60_000],
    ['Tue Jan 27 12:01:00 2026', 60_000],
    ['Tue, 27 Jan 2026 11:00:00 GMT', 0],
    ['Fri, 27 Feb 2026 12:00:00 GMT', 24 * HOUR_MS],
    ['2026-01-27T12:01:00Z', 0],
  ])("'%s' is %i ms", (text, ms) => {
    expect(parseRetryAfter(text, NOW_MS)).toBe(ms);
  });
});

describe('the wait after a crash', () => {
  it('doubles with each in a row, from five seconds to five minutes', () => {
    const random = { next: () => 0.5, bytes: () => new Uint8Array() };
    const seconds = [1, 2, 3, 6, 7, 8, 1_000_000].map((count) => interruptedDelayMs(count, random) / 1_000);
    expect(seconds).toEqual([5, 10, 20, 160, 300, 300, 300]);
  });
});
