import { describe, expect, it } from 'vitest';
import { LOCK_WAITERS_MAX } from '../../../mesh/limits.ts';
import { KeyedLock } from '../../../mesh/time/keyed-lock.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SOON_MS = 1_000;

describe('a keyed lock', () => {
  it('gives a key to one holder at a time, in the order they asked', async () => {
    const lock = new KeyedLock('name', new VirtualClock());
    const order: string[] = [];
    const enter = async (who: string) => {
      using _turn = await lock.hold('a', SOON_MS);
      order.push(`${who} in`);
      await Promise.resolve();
      order.push(`${who} out`);
    };
    await Promise.all([enter('first'), enter('second'), enter('third')]);
    expect(order).toEqual(['first in', 'first out', 'second in', 'second out', 'third in', 'third out']);
    expect(lock.held).toBe(0);
  });

  it('does not make different keys wait for each other', async () => {
    const lock = new KeyedLock('name', new VirtualClock());
    using _one = await lock.hold('a', SOON_MS);
    using _other = await lock.hold('b', SOON_MS);
    expect(lock.held).toBe(2);
  });

  it('lets two holders of the same keys in opposite order through, one after the other', async () => {
    const lock = new KeyedLock('address', new VirtualClock());
    const take = async (keys: readonly string[]) => {
      using _turn = await lock.holdAll(keys, SOON_MS);
      await Promise.resolve();
    };
    await Promise.all([take(['a', 'b', 'c']), take(['c', 'b', 'a']), take(['b', 'a'])]);
    expect(lock.held).toBe(0);
  });

  it('answers overloaded when the turn has not come by the moment named, and leaves the queue', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock('address', clock);
    const first = await lock.hold('a@x.com', SOON_MS);
    const second = lock.hold('a@x.com', SOON_MS);
    const refusal = expect(second).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 2 });
    await clock.advance(SOON_MS);
    await refusal;
    first[Symbol.dispose]();
    expect(lock.held).toBe(0);
  });

  it('gives back what it took when a later key of several does not come in time', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock('address', clock);
    using _b = await lock.hold('b', SOON_MS);
    const refusal = expect(lock.holdAll(['b', 'a'], SOON_MS)).rejects.toMatchObject({ code: 'overloaded' });
    await clock.advance(SOON_MS);
    await refusal;
    expect(lock.held).toBe(1);
  });

  it('forgets its timer when the turn comes', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock('address', clock);
    const first = await lock.hold('a', SOON_MS);
    const second = lock.hold('a', SOON_MS);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect([lock.held, clock.sleepers]).toEqual([0, 0]);
  });

  it('refuses at once when too many wait already', async () => {
    const lock = new KeyedLock('address', new VirtualClock());
    using _held = await lock.hold('a', SOON_MS);
    const waiting = Array.from({ length: LOCK_WAITERS_MAX }, () => lock.hold('a', SOON_MS));
    await expect(lock.hold('a', SOON_MS)).rejects.toMatchObject({ code: 'overloaded' });
    expect(waiting).toHaveLength(LOCK_WAITERS_MAX);
  });
});
