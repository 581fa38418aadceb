// How long ago messages ended, by elapsed time, which decides when they and their idempotency keys are forgotten.
// Step 11 of node/send/README.md, "How a message lives".
import type { Clock } from '../../../mesh/ports.ts';
import { isFinal, type Message } from '../message.ts';
import { IDEMPOTENCY_MS } from './idempotency.ts';

/** Messages kept after their end, and for how long after it. A message is forgotten together with its content. */
const FINISHED_MESSAGES_MAX = 50_000;
export const FINISHED_MS_MAX = 30 * 24 * 60 * 60 * 1_000;
/** A message that failed keeps its attachments for so long, in case it is sent again. */
export const FAILED_ATTACHMENTS_MS = 24 * 60 * 60 * 1_000;

/** How many ended messages are kept, and for how long after their end. */
export interface RetentionBounds {
  readonly messagesMax: number;
  readonly finishedMsMax: number;
}

const BOUNDS: RetentionBounds = { messagesMax: FINISHED_MESSAGES_MAX, finishedMsMax: FINISHED_MS_MAX };

export class Retention {
  readonly #clock: Clock;
  readonly #bounds: RetentionBounds;
  /** When each ended, by the monotonic clock. */
  readonly #ended = new Map<string, number>();

  constructor(clock: Clock, bounds: Partial<RetentionBounds> = {}) {
    this.#clock = clock;
    this.#bounds = { ...BOUNDS, ...bounds };
  }

  /** Counts a message that was read back. */
  restored({ id, state, updatedAt }: Message): void {
    const agoMs = Math.max(0, this.#clock.wallMs() - Date.parse(updatedAt));
    if (isFinal(state)) this.#ended.set(id, this.#clock.monotonicMs() - agoMs);
  }

  /** Notes the state that a message is in now. */
  shown({ id, state }: Message): void {
    if (!isFinal(state)) this.#ended.delete(id);
    else if (!this.#ended.has(id)) this.#ended.set(id, this.#clock.monotonicMs());
  }

  /** The message is not kept any more. */
  forgotten(id: string): void {
    this.#ended.delete(id);
  }

  /** A key outlives its message's end by a day: whoever repeats a request has heard nothing of it. */
  isKeyOver(id: string): boolean {
    return this.#agoMs(id) >= IDEMPOTENCY_MS;
  }

  /** Whoever wants to send it again has had a day for that. */
  areAttachmentsOver(id: string): boolean {
    return this.#agoMs(id) >= FAILED_ATTACHMENTS_MS;
  }

  /** Whether it is forgotten; `hasKey`: only for its age, since a request that is repeated must find it. */
  isOver(id: string, hasKey: boolean): boolean {
    if (!this.#ended.has(id)) return false;
    const { messagesMax, finishedMsMax } = this.#bounds;
    return this.#agoMs(id) > finishedMsMax || (!hasKey && this.#ended.size > messagesMax);
  }

  #agoMs(id: string): number {
    return this.#clock.monotonicMs() - (this.#ended.get(id) ?? Number.POSITIVE_INFINITY);
  }
}
