// Counts the messages that went out in the last hour, by account and by agent. The window slides. It is kept as counts per minute, which
// is at most a minute less exact than a list of every message, and stays small however many there are. A message on its way has its place
// reserved: otherwise many messages at once would all find the last place free.

/** `ratePerHour` and `agentRatePerHour` count the messages of so long. */
export const RATE_WINDOW_MS = 60 * 60 * 1_000;
/** While messages on their way take up all that a rate leaves, the next one is looked at again after this long. */
export const RESERVED_WAIT_MS = 1_000;

const SLOT_MS = 60_000;
const SLOTS = RATE_WINDOW_MS / SLOT_MS;

/** The counts of one account or agent. Times are of the monotonic clock, so setting the wall clock changes no count. */
export class Rate {
  readonly #counts = new Map<number, number>();
  #reserved = 0;

  /** Counts a message that went out, to the minute. */
  add(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    this.#counts.set(slot, (this.#counts.get(slot) ?? 0) + 1);
    for (const old of this.#counts.keys()) if (old <= slot - SLOTS - 1) this.#counts.delete(old);
  }

  /** Keeps a place for a message on its way. Its owner calls `add` if the message went out, and `release` in either case. */
  reserve(): void {
    this.#reserved += 1;
  }

  /** Gives back one place of `reserve`, whether the message went out or not. */
  release(): void {
    this.#reserved -= 1;
  }

  /** Messages in the hour before `nowMs`. */
  count(nowMs: number): number {
    const first = Math.floor(nowMs / SLOT_MS) - SLOTS;
    let count = 0;
    for (const [slot, many] of this.#counts) if (slot > first) count += many;
    return count;
  }

  /** Milliseconds until there is room for one more under `max`; 0 when there is now. */
  waitMs(max: number, nowMs: number): number {
    const count = this.count(nowMs);
    if (count + this.#reserved < max) return 0;
    if (count < max) return RESERVED_WAIT_MS;
    let over = count - max + 1;
    const first = Math.floor(nowMs / SLOT_MS) - SLOTS;
    for (const slot of [...this.#counts.keys()].sort((one, other) => one - other)) {
      if (slot <= first) continue;
      over -= this.#counts.get(slot) ?? 0;
      if (over <= 0) return Math.min((slot + SLOTS) * SLOT_MS - nowMs, RATE_WINDOW_MS);
    }
    return RATE_WINDOW_MS;
  }
}

/** Rates by name, made when first asked for. */
export class Rates {
  readonly #byName = new Map<string, Rate>();

  of(name: string): Rate {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const rate = new Rate();
    this.#byName.set(name, rate);
    return rate;
  }
}
