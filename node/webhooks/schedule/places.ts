// Who may begin the next attempt. Each subscription has one place of its own, which nobody else can hold: a fast receiver never waits
// for slow ones. The places beyond the first are shared. No receiver holds more shared places than are left free: the share of each
// shrinks as more receivers want some, and the next receiver always finds a few. Subscriptions at one origin count as one receiver
// here, or a hundred of them would be a hundred shares. What each holds is counted as it changes, so that a choice looks at those alone
// that want a place.
// Step 3 of node/webhooks/README.md, "A delivery, step by step".

/** Deliveries in flight beyond the first of each subscription, over all of them: the first has a place of its own. */
export const SHARED_IN_FLIGHT_MAX = 128;

export interface Holder {
  /** Scheme, host and port of its receiver. */
  readonly origin: string;
  readonly inFlight: number;
}

interface Share {
  readonly origin: string;
  readonly places: number;
}

export class Places<One extends Holder> {
  readonly #shares = new Map<One, Share>();
  readonly #sharedBy = new Map<string, number>();
  #free = SHARED_IN_FLIGHT_MAX;
  /** In the order of their turns. */
  readonly #wanting = new Set<One>();

  /** Takes note of what a holder holds now, and of whether it has an attempt to make; who is new among those that have comes last. */
  note(one: One, wantsPlace: boolean): void {
    const { origin, inFlight } = one;
    this.#replace(one, { origin, places: Math.max(0, inFlight - 1) });
    if (wantsPlace) this.#wanting.add(one);
    else this.#wanting.delete(one);
  }

  /** Puts one that has begun an attempt behind those who wait. */
  began(one: One, wantsPlace: boolean): void {
    this.#wanting.delete(one);
    this.note(one, wantsPlace);
  }

  /** Forgets a holder that is gone: it holds nothing any more. */
  drop(one: One): void {
    this.#wanting.delete(one);
    this.#replace(one, undefined);
  }

  /** The one to make the next attempt, of those that have one to make; `undefined`: all must wait. */
  next(): One | undefined {
    let best: One | undefined;
    for (const one of this.#wanting) {
      if (one.inFlight === 0) return one;
      if (best === undefined || this.#isBefore(one, best)) best = one;
    }
    return best !== undefined && this.#heldBy(best) < this.#free ? best : undefined;
  }

  #isBefore(one: One, other: One): boolean {
    const [held, others] = [this.#heldBy(one), this.#heldBy(other)];
    return held < others || (held === others && one.inFlight < other.inFlight);
  }

  #heldBy({ origin }: One): number {
    return this.#sharedBy.get(origin) ?? 0;
  }

  #replace(one: One, share: Share | undefined): void {
    const before = this.#shares.get(one);
    if (before !== undefined) this.#count(before.origin, -before.places);
    if (share === undefined) this.#shares.delete(one);
    else {
      this.#shares.set(one, share);
      this.#count(share.origin, share.places);
    }
  }

  #count(origin: string, places: number): void {
    const held = (this.#sharedBy.get(origin) ?? 0) + places;
    if (held === 0) this.#sharedBy.delete(origin);
    else this.#sharedBy.set(origin, held);
    this.#free -= places;
  }
}
