import { describe, expect, it } from 'vitest';
import type { Message } from '../../../../node/send/message.ts';
import { afterRestart, afterStep } from '../../../../node/send/queue/message-times.ts';

const CREATED_MS = Date.UTC(2026, 0, 27, 12);
const at = (ms: number) => new Date(CREATED_MS + ms).toISOString();
const LIFE_MS = 1_000_000;

/** All times count from its creation. */
function messageOf({ dueMs = 0, expiresMs = LIFE_MS, ...parts }: Partial<Message> = {}): Message {
  const times = { createdAt: at(0), updatedAt: at(0), dueMs: CREATED_MS + dueMs, expiresMs: CREATED_MS + expiresMs };
  return { state: 'queued', deferrals: 0, lifetimeMs: LIFE_MS, ...times, ...parts } as Message;
}

const timesOf = ({ dueMs, expiresMs }: Message) => [dueMs - CREATED_MS, expiresMs - CREATED_MS];

const SCHEDULED = messageOf({ dueMs: 50_000, expiresMs: 50_000 + LIFE_MS });
const RETRYING = messageOf({ state: 'deferred', updatedAt: at(500), deferrals: 1, dueMs: 50_000 });
/** Put off within the millisecond of its creation, as no time that a caller named can tell. */
const RETRYING_SOON = messageOf({ state: 'deferred', deferrals: 1, dueMs: 50_000 });
const RESENT = messageOf({ updatedAt: at(500), dueMs: 50_000 });

describe.each([
  ['forth', 20_000],
  ['back', -20_000],
])('a clock that is set %s', (_, byMs) => {
  const step = { byMs, nowMs: CREATED_MS + 1_000 + byMs };

  it('takes along what waits by elapsed time', () => {
    for (const message of [RETRYING, RETRYING_SOON, RESENT]) {
      expect(timesOf(afterStep(message, step))).toEqual([50_000 + byMs, LIFE_MS + byMs]);
    }
    expect(timesOf(afterStep(messageOf(), step))).toEqual([byMs, LIFE_MS + byMs]);
  });

  it('leaves alone the time that a caller named', () => expect(afterStep(SCHEDULED, step)).toBe(SCHEDULED));

  it('takes along what was due already, though a caller named its time', () => {
    const late = { byMs, nowMs: SCHEDULED.dueMs + byMs };
    expect(timesOf(afterStep(SCHEDULED, late))).toEqual([50_000 + byMs, 50_000 + LIFE_MS + byMs]);
  });
});

describe('a message that is read back', () => {
  it.each([
    // Put off once, it waits at most 30 s and a fifth: it is due by then, and lives no longer than its life from then on.
    ['a retry that is in time stays as it is', RETRYING, 20_000, [50_000, LIFE_MS]],
    ['a retry is not later than its longest wait', RETRYING, 10_000, [46_000, LIFE_MS]],
    ['a life ends no later than from that retry on', RETRYING, -60_000, [-24_000, LIFE_MS - 24_000]],
    ['what was sent again is due at once', RESENT, -60_000, [-60_000, LIFE_MS - 60_000]],
    ['what was accepted without a time is due at once', messageOf(), -60_000, [-60_000, LIFE_MS - 60_000]],
    ['what is long due stays so', messageOf(), 60_000, [0, LIFE_MS]],
  ] as [string, Message, number, number[]][])('%s', (_, message, nowMs, times) => {
    expect(timesOf(afterRestart(message, CREATED_MS + nowMs))).toEqual(times);
  });

  it('waits for the time that its caller named, however far that is', () => {
    expect(afterRestart(SCHEDULED, CREATED_MS - 10 * LIFE_MS)).toBe(SCHEDULED);
  });
});
