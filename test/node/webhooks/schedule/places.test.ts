import { describe, expect, it } from 'vitest';
import { type Holder, Places, SHARED_IN_FLIGHT_MAX } from '../../../../node/webhooks/schedule/places.ts';

interface HeldPlaces {
  origin: string;
  inFlight: number;
}

const holder = (origin: string, inFlight: number): HeldPlaces => ({ origin, inFlight });

/** `wanting`: in the order of their turns. `others` want none. */
function placesOf(wanting: readonly Holder[], others: readonly Holder[] = []): Places<Holder> {
  const places = new Places<Holder>();
  for (const one of others) places.note(one, false);
  for (const one of wanting) places.note(one, true);
  return places;
}

describe('the next place', () => {
  it('goes to nobody when nobody wants it', () => {
    expect(placesOf([], [holder('a', 1)]).next()).toBe(undefined);
  });

  it('goes first to a subscription that has nothing in flight, though every shared one is taken', () => {
    const idle = holder('b', 0);
    const busy = holder('a', SHARED_IN_FLIGHT_MAX + 1);
    expect(placesOf([busy, idle]).next()).toBe(idle);
    expect(placesOf([holder('b', 1)], [busy]).next()).toBe(undefined);
  });

  it('goes to the receiver that holds fewest of the shared ones, then to its subscription that holds fewest', () => {
    const all = [holder('a', 4), holder('a', 2), holder('b', 4)];
    expect(placesOf(all).next()).toBe(all[2]);
    const [many, few] = [holder('c', 5), holder('c', 2)];
    expect(placesOf([many, few], [holder('d', 9)]).next()).toBe(few);
  });

  it('goes by turns between those who hold as many', () => {
    const [one, other] = [holder('a', 2), holder('b', 2)];
    const places = placesOf([one, other]);
    expect(places.next()).toBe(one);
    places.began(one, true);
    expect(places.next()).toBe(other);
    // What is noted between does not change whose turn it is.
    places.note(one, true);
    expect(places.next()).toBe(other);
  });

  it('goes to nobody who holds as many of the shared ones as are left', () => {
    const half = SHARED_IN_FLIGHT_MAX / 2;
    expect(placesOf([holder('a', 1 + half)]).next()).toBe(undefined);
    const modest = holder('a', half);
    expect(placesOf([modest]).next()).toBe(modest);
    expect(placesOf([modest], [holder('b', 3)]).next()).toBe(undefined);
  });

  it('is counted anew when a holder holds more or fewer, has moved to another receiver, wants none, or is gone', () => {
    const [one, greedy] = [holder('a', 2), holder('b', SHARED_IN_FLIGHT_MAX)];
    const places = placesOf([one], [greedy]);
    expect(places.next()).toBe(undefined);
    greedy.inFlight = 3;
    places.note(greedy, true);
    expect(places.next()).toBe(one);
    // Both hold places at the same receiver now.
    one.origin = 'b';
    places.note(one, true);
    expect(places.next()).toBe(one);
    places.note(one, false);
    expect(places.next()).toBe(greedy);
    greedy.inFlight = SHARED_IN_FLIGHT_MAX;
    places.note(greedy, false);
    places.note(one, true);
    expect(places.next()).toBe(undefined);
    places.drop(greedy);
    expect(places.next()).toBe(one);
    places.drop(one);
    expect(places.next()).toBe(undefined);
  });
});
