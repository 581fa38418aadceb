import { describe, expect, it } from 'vitest';
import { EVENT_LIFE_MS, isExpired, lifeEndMs } from '../../../../node/webhooks/lanes/event-life.ts';

describe('the life of an event', () => {
  it('begins when it happens, or when its subscription was enabled again since', () => {
    expect(lifeEndMs({ bornMs: 1_000 }, { resumedMs: 0 })).toBe(1_000 + EVENT_LIFE_MS);
    expect(lifeEndMs({ bornMs: 1_000 }, { resumedMs: 5_000 })).toBe(5_000 + EVENT_LIFE_MS);
  });

  const bornMs = 1_000_000;
  const endMs = bornMs + EVENT_LIFE_MS;
  it.each([
    ['was attempted, before its end', 1, 0, endMs - 1, false],
    ['was attempted, at its end', 1, 0, endMs, true],
    ['was never attempted, its receiver never out of reach', 0, 0, endMs, false],
    ['was never attempted, its receiver out of reach before it happened only', 0, bornMs - 1, endMs, false],
    ['was never attempted, its receiver out of reach since it happened', 0, bornMs, endMs, true],
  ])('that %s', (_, attempts, downMs, nowMs, expired) => {
    expect(isExpired({ attempts }, { downMs }, { endMs, nowMs })).toBe(expired);
  });
});
