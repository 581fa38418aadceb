// How many messages went out in the last hour, by account and by agent. A window that slides, kept as counts per minute: at most
// a minute less exact than a list of every message, and bounded however many there are.
import { RATE_WINDOW_MS } from './limits.ts';

const SLOT_MS = 60_000;
const SLOTS = RATE_WINDOW_MS / SLOT_MS;

/** Counts of one account or agent. Times are of the wall clock, since the counts outlive restarts. */
export class Rate {
  readonly #counts = new Map<number, number>();

  add(wallMs: number): void {
    const slot = Math.floor(wallMs / SLOT_MS);
    this.#counts.set(slot, (this.#counts.get(slot) ?? 0) + 1);
    for (const old of this.#counts.keys()) if (old <= slot - SLOTS - 1) this.#counts.delete(old);
  }

  /** Messages in the hour before `wallMs`. Those that a clock set back shows in the future count too. */
  count(wallMs: number): number {
    const first = Math.floor(wallMs / SLOT_MS) - SLOTS;
    let count = 0;
    for (const [slot, many] of this.#counts) if (slot > first) count += many;
    return count;
  }

  /** When there is room for one more under `max`; `wallMs` itself when there is now. */
  freeMs(max: number, wallMs: number): number {
    let over = this.count(wallMs) - max + 1;
    if (over <= 0) return wallMs;
    const first = Math.floor(wallMs / SLOT_MS) - SLOTS;
    for (const slot of [...this.#counts.keys()].sort((one, other) => one - other)) {
      if (slot <= first) continue;
      over -= this.#counts.get(slot) ?? 0;
      if (over <= 0) return Math.min((slot + SLOTS) * SLOT_MS, wallMs + RATE_WINDOW_MS);
    }
    return wallMs + RATE_WINDOW_MS;
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
