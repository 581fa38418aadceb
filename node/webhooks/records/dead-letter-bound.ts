// All subscriptions together keep a bounded number of dead letters. Where there are more the oldest go, and it is told which.
import type { Log } from '../../log.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { Ledger } from './ledger.ts';
import { LOG_PAGE_ENTRIES_MAX } from './log-pages.ts';

/**
 * Dead letters kept, of all subscriptions together: beyond that the oldest go. A subscription that has so many itself is disabled, so that what
 * follows is held and not buried.
 */
export const DEAD_LETTERS_MAX = 100_000;

export interface DeadLetterBoundPorts {
  readonly deadLetters: DeadLetters;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** A subscription, as far as its dead letters go. */
export interface LetterSource {
  readonly id: string;
  readonly isRemoved: boolean;
  readonly letters: { readonly count: number };
  readonly replays: { sending(seq: number): unknown };
  dropLetters(seqs: readonly number[]): void;
}

export class DeadLetterBound {
  readonly #ports: DeadLetterBoundPorts;
  #isEnforcing = false;

  constructor(ports: DeadLetterBoundPorts) {
    this.#ports = ports;
  }

  /** Resolves when there are no more than may be, durably. Rejects with `store_failed`. */
  async enforce(channels: () => readonly LetterSource[]): Promise<void> {
    if (this.#isEnforcing) return;
    this.#isEnforcing = true;
    try {
      for (;;) {
        const excess = channels().reduce((sum, { letters }) => sum + letters.count, 0) - DEAD_LETTERS_MAX;
        if (excess <= 0 || !(await this.#dropOldest(channels(), excess))) return;
      }
    } finally {
      this.#isEnforcing = false;
    }
  }

  /** A part of them. Resolves with false when none was found. */
  async #dropOldest(channels: readonly LetterSource[], excess: number): Promise<boolean> {
    const found = [];
    for (const channel of channels) found.push(...(await this.#oldestOf(channel)));
    const oldest = found.sort((one, other) => one.seq - other.seq).slice(0, Math.min(excess, LOG_PAGE_ENTRIES_MAX));
    for (const channel of channels) {
      const seqs = oldest.filter((one) => one.channel === channel && !channel.isRemoved).map(({ seq }) => seq);
      if (seqs.length > 0) this.#drop(channel, seqs);
    }
    await this.#ports.ledger.flush();
    return oldest.length > 0;
  }

  /** What is being sent again is left, for it may be accepted yet. */
  async #oldestOf(channel: LetterSource) {
    if (channel.letters.count === 0) return [];
    const letters = await this.#ports.deadLetters.after(channel.id, 0, LOG_PAGE_ENTRIES_MAX);
    return letters.map(({ seq }) => ({ seq, channel })).filter(({ seq }) => channel.replays.sending(seq) === undefined);
  }

  #drop(channel: LetterSource, seqs: readonly number[]): void {
    channel.dropLetters(seqs);
    const told = { subscriptionId: channel.id, letters: seqs.length, fromSeq: seqs[0], toSeq: seqs.at(-1) };
    this.#ports.log.warn('dead_letters.dropped', told);
  }
}
