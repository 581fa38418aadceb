// Who may begin the next attempt. Each subscription has one place of its own, which nobody else can hold: a fast receiver never waits
// for slow ones. The places beyond the first are shared. No receiver holds more shared places than are left free: the share of each
// shrinks as more receivers want some, and the next receiver always finds a few. Subscriptions at one origin count as one receiver
// here, or a hundred of them would be a hundred shares. Pure: counts come in, a choice goes out.
// Step 3 of node/webhooks/README.md, "A delivery, step by step".

/** Deliveries in flight beyond the first of each subscription, over all of them: the first has a place of its own. */
export const SHARED_IN_FLIGHT_MAX = 128;

export interface Holder {
  /** Scheme, host and port of its receiver. */
  readonly origin: string;
  readonly inFlight: number;
}

/** The one to make the next attempt, of the holders that have one to make, in the order of their turns; `undefined`: all must wait. */
export function nextHolder<One extends Holder>(wanting: readonly One[], all: Iterable<Holder>): One | undefined {
  const first = wanting.find(({ inFlight }) => inFlight === 0);
  if (first !== undefined || wanting.length === 0) return first;
  const sharedBy = new Map<string, number>();
  let free = SHARED_IN_FLIGHT_MAX;
  for (const { origin, inFlight } of all) {
    const shared = Math.max(0, inFlight - 1);
    sharedBy.set(origin, (sharedBy.get(origin) ?? 0) + shared);
    free -= shared;
  }
  const heldBy = ({ origin }: One) => sharedBy.get(origin) ?? 0;
  const isBefore = (one: One, other: One) =>
    heldBy(one) < heldBy(other) || (heldBy(one) === heldBy(other) && one.inFlight < other.inFlight);
  const next = wanting.reduce((best, one) => (isBefore(one, best) ? one : best));
  return heldBy(next) < free ? next : undefined;
}
