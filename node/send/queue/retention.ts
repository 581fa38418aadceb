// How long ago messages ended, by elapsed time, which decides when they and their idempotency keys are forgotten.
import type { Clock } from '../../../mesh/ports.ts';
import { FAILED_ATTACHMENTS_MS, FINISHED_MESSAGES_MAX, FINISHED_MS_MAX, IDEMPOTENCY_MS } from '../limits.ts';
import { isFinal, type Message } from '../message.ts';

export class Retention {
  readonly #clock: Clock;
  /** When each ended, by the monotonic clock. */
  readonly #ended = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** It was read back. */
  restored({ id, state, updatedAt }: Message): void {
    const agoMs = Math.max(0, this.#clock.wallMs() - Date.parse(updatedAt));
    if (isFinal(state)) this.#ended.set(id, this.#clock.monotonicMs() - agoMs);
  }

  /** It is in that state now. */
  shown({ id, state }: Message): void {
    if (!isFinal(state)) this.#ended.delete(id);
    else if (!this.#ended.has(id)) this.#ended.set(id, this.#clock.monotonicMs());
  }

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
    return this.#agoMs(id) > FINISHED_MS_MAX || (!hasKey && this.#ended.size > FINISHED_MESSAGES_MAX);
  }

  #agoMs(id: string): number {
    return this.#clock.monotonicMs() - (this.#ended.get(id) ?? Number.POSITIVE_INFINITY);
  }
}
