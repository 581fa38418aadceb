import { describe, expect, it } from 'vitest';
import { joinInTurns, LongLists } from '../../../../node/http/streams/long-list.ts';
import { TiredClock } from '../../../support/tired-clock.ts';

describe('a long list', () => {
  // Characters of three octets, and more of them than are joined at once.
  const items = Array.from({ length: 1_000 }, (_, number) => `${number}${'–'.repeat(600)}`);

  it('is the texts of its items with commas between, written in turns', async () => {
    const clock = new TiredClock();
    const octets = await joinInTurns(items, clock, (item) => JSON.stringify(item));
    expect(JSON.parse(`[${octets.toString()}]`)).toEqual(items);
    expect(clock.sleeps).toBeGreaterThan(100);
  });

  it('of nothing is nothing', async () => {
    expect((await joinInTurns([], new TiredClock(), String)).byteLength).toBe(0);
  });

  it('is made eight times at once, no more, and again when one is done', async () => {
    const lists = new LongLists();
    const { promise, resolve } = Promise.withResolvers<void>();
    const made = Array.from({ length: 8 }, () => lists.make(() => promise));
    await expect(lists.make(() => promise)).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 1 });
    resolve();
    await Promise.all(made);
    expect(await lists.make(async () => 'made')).toBe('made');
  });
});
