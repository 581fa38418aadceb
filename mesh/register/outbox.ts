// What is to be said to one peer about claims, in as few messages as it takes: while a message with many items is under way, further
// items gather and leave together in the next one. A lone claim is sent at once, also while another one is; many at once share a signature
// and a round trip.
// It promises nothing about arrival: an item that was lost is asked again under a higher ballot.

import { KEYS_PER_MESSAGE_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import type { Clock } from '../ports.ts';
import type { Item } from './item.ts';

/** Messages about claims under way to one peer at once; items that come meanwhile gather for the next message. */
export const CLAIM_MESSAGES_UNDER_WAY_MAX = 2;
/** While more items than these are under way to a peer, no second message leaves. */
export const CLAIM_ITEMS_FEW = 4;
/** Items waiting for one peer. Items above it are dropped, and their claims ask again. */
export const CLAIM_ITEMS_QUEUED_MAX = 20_000;

export interface OutboxOptions<Answer> {
  readonly to: HostId;
  readonly clock: Clock;
  /** Says these items to the peer; rejects when it stayed silent. */
  say(to: HostId, items: readonly Item[]): Promise<Answer>;
  /** Whether anybody still waits for the answer to ballot number `n`. */
  isWanted(n: number): boolean;
  /** The peer's answer. `tookMs`: milliseconds of the monotonic clock from the message to its answer. */
  heard(from: HostId, answer: Answer, tookMs: number): void;
  /** The peer did not answer what was said at `sinceMs`, a moment of the monotonic clock. */
  silent(from: HostId, sinceMs: number): void;
}

/** Items that wait for one peer: at most `CLAIM_ITEMS_QUEUED_MAX`, of which a message carries `KEYS_PER_MESSAGE_MAX`. */
export class Outbox<Answer> {
  readonly #options: OutboxOptions<Answer>;
  #queue: Item[] = [];
  #underWay = 0;
  /** How many items are in all messages under way together. */
  #itemsUnderWay = 0;
  #flushing = false;

  constructor(options: OutboxOptions<Answer>) {
    this.#options = options;
  }

  /**
   * Has these items said to the peer, after the current burst of events. Items that would exceed the bound are dropped, as if the network
   * had lost them. What comes of them is told by `heard` or `silent`; nothing is thrown.
   */
  push(items: readonly Item[]): void {
    // The peer may hang: nobody waits for its oldest items any more, and the newest are asked again anyway.
    if (this.#queue.length + items.length > CLAIM_ITEMS_QUEUED_MAX)
      this.#queue = this.#queue.filter((item) => this.#options.isWanted(item.n));
    if (this.#queue.length + items.length > CLAIM_ITEMS_QUEUED_MAX) return;
    this.#queue.push(...items);
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#flushing || !this.#mayFlush()) return;
    this.#flushing = true;
    // After the current burst of events, so that claims that began together travel together.
    queueMicrotask(() => {
      this.#flushing = false;
      while (this.#queue.length > 0 && this.#mayFlush()) this.#flush();
    });
  }

  /** Beside a message with many items none leaves: what gathers meanwhile shares the next one. */
  #mayFlush(): boolean {
    if (this.#underWay === 0) return true;
    return this.#underWay < CLAIM_MESSAGES_UNDER_WAY_MAX && this.#itemsUnderWay <= CLAIM_ITEMS_FEW;
  }

  #flush(): void {
    const { to, clock, say, isWanted, heard, silent } = this.#options;
    const items = this.#queue.splice(0, KEYS_PER_MESSAGE_MAX).filter((item) => isWanted(item.n));
    if (items.length === 0) return;
    this.#underWay += 1;
    this.#itemsUnderWay += items.length;
    const startedMs = clock.monotonicMs();
    void say(to, items)
      .then(
        (answer) => heard(to, answer, clock.monotonicMs() - startedMs),
        // Silence is a result: the attempt's own time decides. Why a peer is silent is logged where its presence is watched.
        () => silent(to, startedMs),
      )
      .finally(() => {
        this.#underWay -= 1;
        this.#itemsUnderWay -= items.length;
        this.#flushSoon();
      });
  }
}
