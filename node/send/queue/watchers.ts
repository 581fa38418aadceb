// Callers who wait for the end of a message: each is told once, when it has ended, his time is over, or the node stops.
import type { Clock } from '../../../mesh/ports.ts';
import { isFinal, type Message } from '../message.ts';

export class Watchers {
  readonly #clock: Clock;
  readonly #byId = new Map<string, Set<AbortController>>();
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when the message was shown in a final state, after `ms`, or when `signal` aborts. */
  async wait(id: string, ms: number, signal: AbortSignal): Promise<void> {
    if (this.#isClosed || signal.aborted) return;
    const end = new AbortController();
    const onAbort = () => end.abort();
    signal.addEventListener('abort', onAbort);
    const waiting = this.#byId.get(id) ?? new Set();
    this.#byId.set(id, waiting.add(end));
    await this.#clock.sleep(ms, end.signal);
    waiting.delete(end);
    if (waiting.size === 0) this.#byId.delete(id);
    signal.removeEventListener('abort', onAbort);
  }

  /** Nobody waits any longer: the node stops. */
  close(): void {
    this.#isClosed = true;
    for (const waiting of this.#byId.values()) for (const end of waiting) end.abort();
  }

  /** A message is in another state now. */
  shown({ id, state }: Message): void {
    if (isFinal(state)) for (const end of this.#byId.get(id) ?? []) end.abort();
  }
}
