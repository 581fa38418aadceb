// Whom a look of the deliveries is for. That a delivery among many subscriptions is no dearer than among few follows from it.
import { describe, expect, it } from 'vitest';
import { Looks } from '../../../../node/webhooks/delivery/looks.ts';

const [NOON_MS, NEVER] = [1_000_000, Number.POSITIVE_INFINITY];

class Fake {
  changesMs = NEVER;
  nextChangeMs(): number {
    return this.changesMs;
  }
}

/** Three who have been looked at once, at noon. */
function looked() {
  const [ann, bob, cid] = [new Fake(), new Fake(), new Fake()];
  const all = new Set([ann, bob, cid]);
  const looks = new Looks<Fake>();
  const look = (nowMs = NOON_MS) => {
    const those = looks.take(all, nowMs);
    return { those, nextMs: looks.done(those, nowMs) };
  };
  return { ann, bob, cid, all, looks, look, first: look() };
}

describe('a look', () => {
  it('is for all the first time, and then for nobody of whom nothing changed', () => {
    const { first, look, all } = looked();
    expect(first).toEqual({ those: [...all], nextMs: NEVER });
    expect(look().those).toEqual([]);
  });

  it('is for those of whom something changed, once, and for nobody who is gone', () => {
    const { ann, bob, cid, all, looks, look } = looked();
    for (const one of [bob, ann, bob, cid]) looks.stir(one);
    all.delete(cid);
    expect(look().those).toEqual([bob, ann]);
    expect(look().those).toEqual([]);
  });

  it('is for all when something changed for whichever', () => {
    const { ann, all, looks, look } = looked();
    looks.stir(ann);
    looks.stirAll();
    expect(look().those).toEqual([...all]);
    expect(look().those).toEqual([]);
  });

  it('is for all when the time has come at which time alone changes something for one', () => {
    const { ann, bob, all, looks, look } = looked();
    [ann.changesMs, bob.changesMs] = [NOON_MS + 10, NOON_MS + 20];
    looks.stir(bob);
    expect(look().nextMs).toBe(NOON_MS + 20);
    looks.stir(ann);
    expect(look(NOON_MS + 1).nextMs).toBe(NOON_MS + 10);
    expect(look(NOON_MS + 9)).toEqual({ those: [], nextMs: NOON_MS + 10 });
    ann.changesMs = NEVER;
    expect(look(NOON_MS + 10)).toEqual({ those: [...all], nextMs: NOON_MS + 20 });
  });

  it('counts the time of who had something done meanwhile without being looked at', () => {
    const { ann, looks, look } = looked();
    ann.changesMs = NOON_MS + 5;
    expect(looks.done([ann], NOON_MS)).toBe(NOON_MS + 5);
    expect(look(NOON_MS + 5).those).toHaveLength(3);
  });

  it('is for all when the clock was set back', () => {
    const { ann, all, looks, look } = looked();
    ann.changesMs = NOON_MS + 10;
    looks.stir(ann);
    look();
    expect(look(NOON_MS - 1).those).toEqual([...all]);
  });
});
