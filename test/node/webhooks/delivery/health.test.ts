// How a receiver's record moves on: what attempts that began before a change may still say of it.
import { describe, expect, it } from 'vitest';
import { Health } from '../../../../node/webhooks/delivery/health.ts';
import type { Begun } from '../../../../node/webhooks/lanes/turn.ts';
import { NEW_ENDPOINT } from '../../../../node/webhooks/schedule/endpoint.ts';

const NOW_MS = Date.UTC(2026, 0, 27, 12);
const OUTAGE = { kind: 'failed', isEndpoint: true, retryAfterMs: 0 } as const;
const REFUSAL = { kind: 'failed', isEndpoint: false, retryAfterMs: 0 } as const;
const begunAt = (health: Health, delayMs = 5_000) =>
  ({ lane: { name: 'ann' }, pausesSeen: health.endpoint.pauses, delayMs }) as unknown as Begun;
const fresh = () => new Health(NEW_ENDPOINT, { next: () => 0.5, bytes: () => new Uint8Array() });

describe('the health of a receiver', () => {
  it('knows nothing of attempts that began before it was taken up afresh', () => {
    const health = fresh();
    const begun = begunAt(health);
    health.startAfresh();
    health.fail(begun, OUTAGE, NOW_MS);
    expect(health.endpoint.pausedUntilMs).toBe(0);
    health.fail(begunAt(health), OUTAGE, NOW_MS);
    expect(health.endpoint.pausedUntilMs).toBeGreaterThan(NOW_MS);
  });

  it('keeps when it was last well, and nothing else, when it is taken up afresh', () => {
    const health = fresh();
    health.succeed(begunAt(health), NOW_MS);
    health.fail(begunAt(health), REFUSAL, NOW_MS + 1);
    health.startAfresh();
    expect(health.endpoint).toEqual({ ...NEW_ENDPOINT, pauses: 1, lastSuccessMs: NOW_MS });
  });

  it('has a refused event wait in the schedule, or as long as the receiver says', () => {
    const health = fresh();
    expect(health.fail(begunAt(health, 5_000), REFUSAL, NOW_MS)).toBe(NOW_MS + 5_000);
    expect(health.fail(begunAt(health, 5_000), { ...REFUSAL, retryAfterMs: 60_000 }, NOW_MS)).toBe(NOW_MS + 60_000);
    expect(health.endpoint.pausedUntilMs).toBe(0);
  });

  it('has an event of a paused receiver wait for the receiver', () => {
    const health = fresh();
    const dueMs = health.fail(begunAt(health, 7_000), OUTAGE, NOW_MS);
    expect(dueMs).toBe(health.endpoint.pausedUntilMs);
    health.endPause();
    expect(health.endpoint.pausedUntilMs).toBe(0);
  });
});
