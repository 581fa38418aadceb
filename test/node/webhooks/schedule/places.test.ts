import { describe, expect, it } from 'vitest';
import { type Holder, nextHolder, SHARED_IN_FLIGHT_MAX } from '../../../../node/webhooks/schedule/places.ts';

const holder = (origin: string, inFlight: number): Holder => ({ origin, inFlight });

describe('the next place', () => {
  it('goes to nobody when nobody wants it', () => {
    expect(nextHolder([], [holder('a', 1)])).toBe(undefined);
  });

  it('goes first to a subscription that has nothing in flight, though every shared one is taken', () => {
    const idle = holder('b', 0);
    const busy = holder('a', SHARED_IN_FLIGHT_MAX + 1);
    expect(nextHolder([busy, idle], [busy, idle])).toBe(idle);
    const second = holder('b', 1);
    expect(nextHolder([second], [busy, second])).toBe(undefined);
  });

  it('goes to the receiver that holds fewest of the shared ones, then to its subscription that holds fewest', () => {
    const all = [holder('a', 4), holder('a', 2), holder('b', 4)];
    expect(nextHolder(all, all)).toBe(all[2]);
    const [many, few] = [holder('c', 5), holder('c', 2)];
    expect(nextHolder([many, few], [many, few, holder('d', 9)])).toBe(few);
  });

  it('goes by turns between those who hold as many', () => {
    const [one, other] = [holder('a', 2), holder('b', 2)];
    expect(nextHolder([other, one], [one, other])).toBe(other);
    expect(nextHolder([one, other], [one, other])).toBe(one);
  });

  it('goes to nobody who holds as many of the shared ones as are left', () => {
    const half = SHARED_IN_FLIGHT_MAX / 2;
    const greedy = holder('a', 1 + half);
    expect(nextHolder([greedy], [greedy])).toBe(undefined);
    const modest = holder('a', half);
    expect(nextHolder([modest], [modest])).toBe(modest);
    expect(nextHolder([modest], [modest, holder('b', 3)])).toBe(undefined);
  });
});
