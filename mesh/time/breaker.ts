// Whether something that has failed is worth trying: a small pure record, which its owner may store. After enough failures in a row
// the other side is left alone for a pause. The pause ends with one attempt alone, the probe, and all others go on when the probe
// succeeds. Attempts that were under way together and failed are one failure. A success that began before the pause says nothing
// about the pause. The record does not count attempts under way: its owner does, and compares with `attemptsMax`.

/** All moments are milliseconds of one clock, the owner's; 0 means never. */
export interface Breaker {
  /** Counted failures in a row, since the last success. */
  readonly streak: number;
  /** Counted failures ever, each a pause, be it of no length: an attempt that began before the newest one is older than the pause. */
  readonly pauses: number;
  readonly pausedUntilMs: number;
}

export const NEW_BREAKER: Breaker = { streak: 0, pauses: 0, pausedUntilMs: 0 };

export interface BreakerBounds {
  /** Failures in a row that begin a pause. */
  readonly failuresMin: number;
  /** Attempts under way at once, while nothing is wrong. */
  readonly attemptsMax: number;
}

export interface BreakerFailure {
  /** The record's `pauses` when the attempt began. */
  readonly pausesSeen: number;
  readonly nowMs: number;
  /** How long to pause, should this failure begin a pause. */
  readonly delayMs: number;
  /** How long the other side asks to be left alone; 0 when it does not ask. */
  readonly askedMs: number;
}

/** Whether so many failures came in a row that only a probe may be tried. */
export function isOpen({ streak }: Breaker, { failuresMin }: Pick<BreakerBounds, 'failuresMin'>): boolean {
  return streak >= failuresMin;
}

/** How many attempts may be under way now: none during the pause, then the probe alone. */
export function attemptsMax(breaker: Breaker, bounds: BreakerBounds, nowMs: number): number {
  if (breaker.pausedUntilMs > nowMs) return 0;
  return isOpen(breaker, bounds) ? 1 : bounds.attemptsMax;
}

/** `pausesSeen`: the record's `pauses` when the attempt that succeeded began. */
export function closed(breaker: Breaker, pausesSeen: number, bounds: Pick<BreakerBounds, 'failuresMin'>): Breaker {
  if (pausesSeen === breaker.pauses) return { ...breaker, streak: 0, pausedUntilMs: 0 };
  return isOpen(breaker, bounds) ? breaker : { ...breaker, streak: 0 };
}

/** `weight`: for how many failures this one counts. A failure older than the pause only lengthens it, by what was asked. */
export function failed(
  breaker: Breaker,
  { pausesSeen, nowMs, delayMs, askedMs }: BreakerFailure,
  bounds: Pick<BreakerBounds, 'failuresMin'>,
  weight = 1,
): Breaker {
  if (pausesSeen !== breaker.pauses) {
    const untilMs = askedMs > 0 ? nowMs + askedMs : 0;
    return { ...breaker, pausedUntilMs: Math.max(breaker.pausedUntilMs, untilMs) };
  }
  const counted = { ...breaker, streak: breaker.streak + weight, pauses: breaker.pauses + 1 };
  return isOpen(counted, bounds) ? { ...counted, pausedUntilMs: nowMs + Math.max(delayMs, askedMs) } : counted;
}

/** The pause at a place (0, 1, …) of a streak of pauses: the first one, doubled each time up to its bound. */
export function doubledMs(place: number, { firstMs, msMax }: { readonly firstMs: number; readonly msMax: number }) {
  return Math.min(msMax, firstMs * 2 ** Math.max(0, place));
}
