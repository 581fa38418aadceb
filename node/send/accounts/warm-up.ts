// A plan for addresses that have never sent. Receivers trust a new sender slowly, so a new address sends few messages in its first days.
// Each address has one small record, which is written in the commit of each message that counts. The plan's days are measured in elapsed
// time, so setting the clock makes none of them longer or shorter.
import type { Write } from '../../../mesh/ports.ts';
import type { SendConfig } from '../account.ts';
import { type WarmUpRecord, warmUpWrite } from '../message-records.ts';
import { RESERVED_WAIT_MS } from './rates.ts';

/** What an address sent by its warm-up plan is kept so many days after it last counted, where no agent of this host has the address. */
export const WARM_UP_DAYS_KEPT = 30;
/** So many of them go at once. */
const WARM_UPS_AT_ONCE_MAX = 1_000;

const DAY_MS = 24 * 60 * 60 * 1_000;

export class WarmUps {
  readonly #plan: SendConfig['warmUp'];
  readonly #records: Map<string, WarmUpRecord>;
  /** How far the wall clock was set since the start. */
  #steppedMs = 0;
  /** Messages on their way, by address. */
  readonly #reserved = new Map<string, number>();

  constructor(plan: SendConfig['warmUp'], records: ReadonlyMap<string, WarmUpRecord>) {
    this.#plan = plan;
    this.#records = new Map(records);
  }

  /** Notes that the wall clock was set, by so many milliseconds. */
  stepped(byMs: number): void {
    this.#steppedMs += byMs;
  }

  /**
   * Milliseconds until the address may send by its plan: 0, or until the next midnight, UTC. `wallMs`: the clock as it is; `ahead`: messages that
   * wait and go before.
   */
  waitMs(address: string, wallMs: number, ahead = 0): number {
    const nowMs = wallMs - this.#steppedMs;
    const day = Math.floor(nowMs / DAY_MS);
    const record = this.#recordOf(address, day);
    const most = this.#most(record.firstDay, day);
    const count = record.count + ahead;
    if (count + (this.#reserved.get(address) ?? 0) < most) return 0;
    return count < most ? RESERVED_WAIT_MS : (day + 1) * DAY_MS - nowMs;
  }

  /** Keeps a place for a message on its way. Its owner calls `count` if the message went out, and `release` in either case. */
  reserve(address: string): void {
    if (this.#plan !== undefined) this.#reserved.set(address, (this.#reserved.get(address) ?? 0) + 1);
  }

  /** Gives back one place of `reserve`, whether the message went out or not. */
  release(address: string): void {
    const left = (this.#reserved.get(address) ?? 0) - 1;
    if (left > 0) this.#reserved.set(address, left);
    else this.#reserved.delete(address);
  }

  /** Counts one message; returns what to write with it. */
  count(address: string, wallMs: number): readonly Write[] {
    if (this.#plan === undefined) return [];
    const day = Math.floor((wallMs - this.#steppedMs) / DAY_MS);
    const known = this.#recordOf(address, day);
    const record = { ...known, count: known.count + 1 };
    if (this.#most(record.firstDay, day) === Number.POSITIVE_INFINITY && this.#records.has(address)) return [];
    this.#records.set(address, record);
    return [warmUpWrite(address, record)];
  }

  /**
   * Forgets addresses that nobody here has, some weeks after they last counted; returns what to write. Who has one later is a new sender: that
   * is what receivers take them for by then.
   */
  trim(isHeld: (address: string) => boolean, wallMs: number): readonly Write[] {
    const today = Math.floor((wallMs - this.#steppedMs) / DAY_MS);
    const writes: Write[] = [];
    for (const [address, { day }] of this.#records) {
      if (writes.length === WARM_UPS_AT_ONCE_MAX) break;
      if (Math.abs(today - day) <= WARM_UP_DAYS_KEPT || this.#reserved.has(address) || isHeld(address)) continue;
      this.#records.delete(address);
      writes.push(warmUpWrite(address, undefined));
    }
    return writes;
  }

  /** What the address has sent on that day. A record of a later day was made before the clock was set back, so that day goes on. */
  #recordOf(address: string, day: number): WarmUpRecord {
    const known = this.#records.get(address);
    if (known === undefined) return { firstDay: day, day, count: 0 };
    if (known.day > day) return { firstDay: known.firstDay - (known.day - day), day, count: known.count };
    return { firstDay: known.firstDay, day, count: known.day === day ? known.count : 0 };
  }

  #most(firstDay: number, day: number): number {
    if (this.#plan === undefined) return Number.POSITIVE_INFINITY;
    const { perDay, daysPerStep } = this.#plan;
    return perDay[Math.floor(Math.max(0, day - firstDay) / daysPerStep)] ?? Number.POSITIVE_INFINITY;
  }
}
