import { beforeEach, describe, expect, it } from 'vitest';
import { Arrivals } from '../../../../node/mailbox/flow/arrivals.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const A = 'a@x.com';
const NEVER = new AbortController().signal;

let clock: VirtualClock;
let arrivals: Arrivals;
beforeEach(() => {
  clock = new VirtualClock();
  arrivals = new Arrivals(clock);
});

/** Whether the promise has settled by now. */
const hasEnded = async (promise: Promise<unknown>) => {
  let ended = false;
  void promise.then(() => {
    ended = true;
  });
  await clock.settle();
  return ended;
};

describe('who waits at an inbox', () => {
  it('goes on when there is something in it, and not for what is in another', async () => {
    using waiting = arrivals.at(A);
    const next = waiting.next(1_000, NEVER);
    arrivals.tell(['b@x.com']);
    expect(await hasEnded(next)).toBe(false);
    arrivals.tell([A]);
    expect(await hasEnded(next)).toBe(true);
    expect(clock.sleepers).toBe(0);
  });

  it('goes on at once when something came while he was looking, and waits again after that', async () => {
    using waiting = arrivals.at(A);
    arrivals.tell([A]);
    expect(await hasEnded(waiting.next(1_000, NEVER))).toBe(true);
    expect(await hasEnded(waiting.next(1_000, NEVER))).toBe(false);
  });

  it('goes on when his time is over, and when he is called off', async () => {
    using waiting = arrivals.at(A);
    const next = waiting.next(1_000, NEVER);
    await clock.advance(999);
    expect(await hasEnded(next)).toBe(false);
    await clock.advance(1);
    expect(await hasEnded(next)).toBe(true);
    const leaving = new AbortController();
    const last = waiting.next(1_000, leaving.signal);
    leaving.abort();
    expect(await hasEnded(last)).toBe(true);
    expect(await hasEnded(waiting.next(1_000, leaving.signal))).toBe(true);
    expect(clock.sleepers).toBe(0);
  });

  it('is one of a thousand at most', () => {
    const all = Array.from({ length: 1_000 }, (_, at) => arrivals.at(`${at}@x.com`));
    expect(() => arrivals.at(A)).toThrow(expect.objectContaining({ code: 'rate_limit_exceeded' }));
    all.pop()?.[Symbol.dispose]();
    using waiting = arrivals.at(A);
    expect(waiting).toBeDefined();
    expect(arrivals.waiting).toBe(1_000);
  });
});
