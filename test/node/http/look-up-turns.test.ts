import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LookUpTurns } from '../../../node/http/look-up-turns.ts';

describe('look-ups that cost a signature', () => {
  it('are worked on eight at a time, in their order, while others have their turn', async () => {
    const turns = new LookUpTurns();
    const done: number[] = [];
    const all = Array.from({ length: 20 }, async (_, at) => {
      await turns.take();
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
    expect(turns.take()).toBe(undefined);
  });

  it('are refused when too many wait', async () => {
    const turns = new LookUpTurns();
    const waiting = Array.from({ length: 8 + 1_024 }, () => turns.take());
    expect(() => turns.take()).toThrow(expect.objectContaining({ code: 'rate_limited', retryAfterSeconds: 1 }));
    await Promise.all(waiting);
    await nextTurn();
    expect(turns.take()).toBe(undefined);
  });
});
