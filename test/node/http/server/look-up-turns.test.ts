import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { lookUpTurns } from '../../../../node/http/server/look-up-turns.ts';

describe('look-ups that cost a signature', () => {
  it('are worked on eight at a time, in their order, while others have their turn', async () => {
    const turns = lookUpTurns();
    const done: number[] = [];
    const all = Array.from({ length: 20 }, async (_, at) => {
      await turns.enter();
      done.push(at);
    });
    const seen: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await Promise.resolve();
      seen.push(done.length);
      await nextTurn();
    }
    await Promise.all(all);
    expect(seen[0]).toBe(8);
    expect(done).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(turns.enter()).toBe(undefined);
  });

  it('are refused when too many wait', async () => {
    const turns = lookUpTurns();
    const waiting = Array.from({ length: 8 + 1_024 }, () => turns.enter());
    expect(() => turns.enter()).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterSeconds: 1 }));
    await Promise.all(waiting);
    await nextTurn();
    expect(turns.enter()).toBe(undefined);
  });
});
