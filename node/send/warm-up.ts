// A plan for addresses that have never sent: receivers trust a new sender slowly, so it sends few messages in its first days. One
// small record per address, written in the commit of each message that counts.
import type { Write } from '../../mesh/ports.ts';
import type { SendConfig } from './account.ts';
import { RESERVED_WAIT_MS } from './limits.ts';
import { type WarmUpRecord, warmUpWrite } from './queue-records.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

export class WarmUps {
  readonly #plan: SendConfig['warmUp'];
  readonly #records: Map<string, WarmUpRecord>;
  /** Messages on their way, by address. */
  readonly #reserved = new Map<string, number>();

  constructor(plan: SendConfig['warmUp'], records: ReadonlyMap<string, WarmUpRecord>) {
    this.#plan = plan;
    this.#records = new Map(records);
  }

  /** When the address may send next by its plan: now or earlier, or at the next midnight, UTC. */
  freeMs(address: string, nowMs: number): number {
    const day = Math.floor(nowMs / DAY_MS);
    const record = this.#records.get(address);
    const most = this.#most(record?.firstDay ?? day, day);
    const sent = record?.day === day ? record.count : 0;
    if (sent + (this.#reserved.get(address) ?? 0) < most) return nowMs;
    return sent < most ? nowMs + RESERVED_WAIT_MS : (day + 1) * DAY_MS;
  }

  /** A message is on its way that will count, or else be given back: `count` or not, then `release`. */
  reserve(address: string): void {
    if (this.#plan !== undefined) this.#reserved.set(address, (this.#reserved.get(address) ?? 0) + 1);
  }

  release(address: string): void {
    const left = (this.#reserved.get(address) ?? 0) - 1;
    if (left > 0) this.#reserved.set(address, left);
    else this.#reserved.delete(address);
  }

  /** Counts one message; returns what to write with it. */
  count(address: string, nowMs: number): readonly Write[] {
    if (this.#plan === undefined) return [];
    const day = Math.floor(nowMs / DAY_MS);
    const known = this.#records.get(address);
    const record = { firstDay: known?.firstDay ?? day, day, count: (known?.day === day ? known.count : 0) + 1 };
    if (this.#most(record.firstDay, day) === Number.POSITIVE_INFINITY && known !== undefined) return [];
    this.#records.set(address, record);
    return [warmUpWrite(address, record)];
  }

  #most(firstDay: number, day: number): number {
    if (this.#plan === undefined) return Number.POSITIVE_INFINITY;
    const { perDay, daysPerStep } = this.#plan;
    return perDay[Math.floor(Math.max(0, day - firstDay) / daysPerStep)] ?? Number.POSITIVE_INFINITY;
  }
}
