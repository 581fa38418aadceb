// Who waits until there may be something for him in an inbox. Each hears of what came while he was not listening, so that he can look first and
// wait then.
import type { Clock } from '../../../mesh/ports.ts';
import { afterMs } from '../../../mesh/time/deadline.ts';
import { MailboxError } from '../errors.ts';

/** Who may wait at once: each holds a connection. */
const WAITING_MAX = 1_000;

interface Listener {
  isTold: boolean;
  wake: () => void;
}

/** The waiting of one, who takes himself off the list by disposing it. */
export interface Waiting extends Disposable {
  /** Resolves when something came since it was asked before, or after `ms`, or when `signal` aborts. */
  next(ms: number, signal: AbortSignal): Promise<void>;
}

export class Arrivals {
  readonly #clock: Pick<Clock, 'sleep'>;
  readonly #listeners = new Map<string, Set<Listener>>();
  #count = 0;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#count;
  }

  /** Throws `rate_limit_exceeded` when too many wait already. */
  at(inboxId: string): Waiting {
    if (this.#count >= WAITING_MAX) {
      const message = `${WAITING_MAX} requests wait for mail already.`;
      throw new MailboxError('rate_limit_exceeded', message, { retryAfterSeconds: 1 });
    }
    const listener: Listener = { isTold: false, wake: () => undefined };
    const others = this.#listeners.get(inboxId) ?? new Set();
    this.#listeners.set(inboxId, others.add(listener));
    this.#count += 1;
    return {
      next: (ms, signal) => this.#next(listener, ms, signal),
      [Symbol.dispose]: () => {
        this.#count -= 1;
        others.delete(listener);
        if (others.size === 0 && this.#listeners.get(inboxId) === others) this.#listeners.delete(inboxId);
      },
    };
  }

  /** There may be something in these inboxes that was not there before. */
  tell(inboxIds: readonly string[]): void {
    for (const inboxId of inboxIds) {
      for (const listener of this.#listeners.get(inboxId) ?? []) {
        listener.isTold = true;
        listener.wake();
      }
    }
  }

  async #next(listener: Listener, ms: number, signal: AbortSignal): Promise<void> {
    if (!listener.isTold && !signal.aborted) {
      const woken = Promise.withResolvers<void>();
      listener.wake = woken.resolve;
      const callOff = afterMs(this.#clock, ms, woken.resolve);
      signal.addEventListener('abort', listener.wake);
      await woken.promise;
      signal.removeEventListener('abort', listener.wake);
      callOff();
    }
    listener.isTold = false;
  }
}
