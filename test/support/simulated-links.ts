// A network in virtual time: each message may be lost, late, doubled or overtaken, and links may be cut one way.
import type { HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import type { SimulatedTime } from './simulated-time.ts';

export interface Faults {
  /** Share of messages lost, and share delivered twice. */
  readonly loss: number;
  readonly repeat: number;
  /** Longest delay of a message, and of a sync, in virtual milliseconds. */
  readonly delayMs: number;
  readonly syncMs: number;
}

export class SimulatedLinks {
  faults: Faults;
  /** Decides a message's delay in place of chance, by sender, receiver and what is said; for schedules made by hand. */
  delayOf: ((from: HostId, to: HostId, said: unknown) => number | 'lost' | undefined) | undefined;
  readonly #time: SimulatedTime;
  readonly #random: Random;
  readonly #cut = new Set<string>();

  constructor(time: SimulatedTime, random: Random, faults: Faults) {
    this.#time = time;
    this.#random = random;
    this.faults = faults;
  }

  cut(from: HostId, to: HostId): void {
    this.#cut.add(`${from}>${to}`);
  }

  mend(): void {
    this.#cut.clear();
  }

  /** To itself a host speaks without a network. */
  carry(from: HostId, to: HostId, said: unknown, deliver: () => void): void {
    if (from === to) {
      this.#time.at(0, deliver);
      return;
    }
    const planned = this.delayOf?.(from, to, said);
    if (planned === 'lost') return;
    if (planned !== undefined) {
      this.#time.at(planned, deliver);
      return;
    }
    const { loss, repeat, delayMs } = this.faults;
    const copies = this.#random.next() < repeat ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.#random.next() < loss) continue;
      this.#time.at(this.#random.next() * delayMs, () => {
        if (!this.#cut.has(`${from}>${to}`)) deliver();
      });
    }
  }
}
