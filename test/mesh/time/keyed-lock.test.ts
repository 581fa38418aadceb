import { describe, expect, it } from 'vitest';
import { KeyedLock, LOCK_WAITERS_MAX, tooManyChanges } from '../../../mesh/time/keyed-lock.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const SOON_MS = 1_000;

describe('a keyed lock', () => {
  it('gives a key to one holder at a time, in the order they asked', async () => {
    const lock = new KeyedLock({ clock: new VirtualClock(), refusal: tooManyChanges('name') });
    const order: string[] = [];
    const enter = async (who: string) => {
      using _turn = await lock.lock('a', SOON_MS);
      order.push(`${who} in`);
      await Promise.resolve();
      order.push(`${who} out`);
    };
    await Promise.all([enter('first'), enter('second'), enter('third')]);
    expect(order).toEqual(['first in', 'first out', 'second in', 'second out', 'third in', 'third out']);
    expect(lock.lockedCount).toBe(0);
  });

  it('does not make different keys wait for each other', async () => {
    const lock = new KeyedLock({ clock: new VirtualClock(), refusal: tooManyChanges('name') });
    using _one = await lock.lock('a', SOON_MS);
    using _other = await lock.lock('b', SOON_MS);
    expect(lock.lockedCount).toBe(2);
  });

  it('lets two holders of the same keys in opposite order through, one after the other', async () => {
    const lock = new KeyedLock({ clock: new VirtualClock(), refusal: tooManyChanges('address') });
    const take = async (keys: readonly string[]) => {
      using _turn = await lock.lockAll(keys, SOON_MS);
      await Promise.resolve();
    };
    await Promise.all([take(['a', 'b', 'c']), take(['c', 'b', 'a']), take(['b', 'a'])]);
    expect(lock.lockedCount).toBe(0);
  });

  it('answers overloaded when the turn has not come by the moment named, and leaves the queue', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock({ clock, refusal: tooManyChanges('address') });
    const first = await lock.lock('a@x.com', SOON_MS);
    const second = lock.lock('a@x.com', SOON_MS);
    const refusal = expect(second).rejects.toMatchObject({ code: 'overloaded', retryAfterSeconds: 2 });
    await clock.advance(SOON_MS);
    await refusal;
    first[Symbol.dispose]();
    expect(lock.lockedCount).toBe(0);
  });

  it('waits until the moment named, not for that long', async () => {
    const clock = new VirtualClock();
    await clock.advance(600);
    const lock = new KeyedLock({ clock, refusal: tooManyChanges('address') });
    using _held = await lock.lock('a@x.com', SOON_MS);
    const refusal = expect(lock.lock('a@x.com', SOON_MS)).rejects.toMatchObject({ code: 'overloaded' });
    await clock.advance(400);
    expect(clock.sleepers).toBe(0);
    await refusal;
  });

  it('gives back what it took when a later key of several does not come in time', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock({ clock, refusal: tooManyChanges('address') });
    using _b = await lock.lock('b', SOON_MS);
    const refusal = expect(lock.lockAll(['b', 'a'], SOON_MS)).rejects.toMatchObject({ code: 'overloaded' });
    await clock.advance(SOON_MS);
    await refusal;
    expect(lock.lockedCount).toBe(1);
  });

  it('forgets its timer when the turn comes', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock({ clock, refusal: tooManyChanges('address') });
    const first = await lock.lock('a', SOON_MS);
    const second = lock.lock('a', SOON_MS);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
    expect([lock.lockedCount, clock.sleepers]).toEqual([0, 0]);
  });

  it('is not given on by a holder that gives it back twice: it is the next one that holds it', async () => {
    const lock = new KeyedLock({ clock: new VirtualClock(), refusal: tooManyChanges('address') });
    const first = await lock.lock('a');
    const second = lock.lock('a');
    let isThirdIn = false;
    const third = lock.lock('a').then((turn) => {
      isThirdIn = true;
      turn[Symbol.dispose]();
    });
    first[Symbol.dispose]();
    const held = await second;
    first[Symbol.dispose]();
    await new VirtualClock().settle();
    expect(isThirdIn).toBe(false);
    held[Symbol.dispose]();
    await third;
  });

  it('refuses at once when too many wait already', async () => {
    const lock = new KeyedLock({ clock: new VirtualClock(), refusal: tooManyChanges('address') });
    using _held = await lock.lock('a', SOON_MS);
    const waiting = Array.from({ length: LOCK_WAITERS_MAX }, () => lock.lock('a', SOON_MS));
    await expect(lock.lock('a', SOON_MS)).rejects.toMatchObject({ code: 'overloaded' });
    expect(waiting).toHaveLength(LOCK_WAITERS_MAX);
  });

  it('refuses above the bound that it was given, in the words that it was given', async () => {
    const refusal = (key: string) => new Error(`'${key}' is busy.`);
    const lock = new KeyedLock({ clock: new VirtualClock(), refusal, waitersMax: 1 });
    using _held = await lock.lock('a');
    const second = lock.lock('a').then((turn) => turn[Symbol.dispose]());
    await expect(lock.lock('a')).rejects.toThrow("'a' is busy.");
    _held[Symbol.dispose]();
    await second;
    expect(lock.lockedCount).toBe(0);
  });

  it('waits without an end, and without a timer, when no moment is named', async () => {
    const clock = new VirtualClock();
    const lock = new KeyedLock({ clock, refusal: tooManyChanges('message') });
    const first = await lock.lock('a');
    let isOurs = false;
    const second = lock.lock('a').then((turn) => {
      isOurs = true;
      turn[Symbol.dispose]();
    });
    await clock.advance(86_400_000);
    expect([isOurs, clock.sleepers]).toEqual([false, 0]);
    first[Symbol.dispose]();
    await second;
    expect(isOurs).toBe(true);
  });
});

describe('work under a keyed lock', () => {
  const newLock = () => new KeyedLock({ clock: new VirtualClock(), refusal: tooManyChanges('message') });

  it('begins at once when the key is free, and else when the one before has ended', async () => {
    const lock = newLock();
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const first = lock.run('a', async () => {
      order.push('first in');
      await gate.promise;
      order.push('first out');
    });
    expect(order).toEqual(['first in']);
    const second = lock.run('a', async () => {
      order.push('second in');
      return 2;
    });
    await lock.run('b', async () => {
      order.push('another key');
    });
    expect(order).toEqual(['first in', 'another key']);
    gate.resolve();
    await first;
    expect(await second).toBe(2);
    expect(order).toEqual(['first in', 'another key', 'first out', 'second in']);
    expect(lock.lockedCount).toBe(0);
  });

  it('passes its failure to its caller alone: the next one has its turn', async () => {
    const lock = newLock();
    const first = lock.run('a', () => Promise.reject(new Error('broken')));
    const second = lock.run('a', async () => 'done');
    await expect(first).rejects.toThrow('broken');
    expect(await second).toBe('done');
    expect(lock.lockedCount).toBe(0);
  });

  it('lets nobody in between who comes while a turn is handed on', async () => {
    const lock = newLock();
    const order: string[] = [];
    const note = (who: string) => async () => {
      order.push(who);
    };
    const first = await lock.lock('a');
    const second = lock.run('a', note('second'));
    first[Symbol.dispose]();
    const third = lock.run('a', note('third'));
    await Promise.all([second, third]);
    expect(order).toEqual(['second', 'third']);
  });
});
