// When two programs that answer each other are stopped.
import { describe, expect, it } from 'vitest';
import { brakedUntilMs, type Turn } from '../../../node/mailbox/loop-brake.ts';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** So many receipts, one every `everyMs`, each answered after `afterMs`. */
const turns = (count: number, everyMs: number, afterMs: number): readonly Turn[] =>
  Array.from({ length: count }, (_, at) => [
    { atMs: at * everyMs, isSent: false },
    { atMs: at * everyMs + afterMs, isSent: true },
  ]).flat();

describe('an answer to the same correspondent in the same thread', () => {
  it('is stopped for an hour after ten that were quick', () => {
    const ten = turns(10, 30 * SECOND, SECOND);
    const lastMs = ten.at(-1)?.atMs ?? 0;
    expect(brakedUntilMs(ten, lastMs)).toBe(lastMs + HOUR);
    expect(brakedUntilMs(ten, lastMs + HOUR - 1)).toBe(lastMs + HOUR);
    expect(brakedUntilMs(ten, lastMs + HOUR)).toBeUndefined();
  });

  it.each([
    ['nine were quick', turns(9, 30 * SECOND, SECOND)],
    ['each took a minute', turns(20, 30 * SECOND, 60 * SECOND).filter(({ isSent }, at) => isSent || at === 0)],
    ['they took longer than ten minutes', turns(12, 67 * SECOND, SECOND)],
    ['nobody wrote before', Array.from({ length: 20 }, (_, at) => ({ atMs: at, isSent: true }))],
  ])('goes while %s', (_, some) => {
    expect(brakedUntilMs(some, some.at(-1)?.atMs ?? 0)).toBeUndefined();
  });
});
