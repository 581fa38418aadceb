// One holder per key at a time, the others in the order they came: how mutations of one agent, name or address take turns.
// Every wait ends at a moment the caller names, so that a queue behind a slow claim is an answer and not a hang.

import { MeshError } from '../errors.ts';
import { LOCK_WAITERS_MAX, RETRY_AFTER_SECONDS } from '../limits.ts';
import type { Clock } from '../ports.ts';

type Grant = () => void;

export class KeyedLock {
  readonly #clock: Clock;
  readonly #noun: string;
  /** Who waits, by key; a key that is present is held. */
  readonly #queues = new Map<string, Grant[]>();

  /** `noun`: what a key names, for the sentence of a refusal, e.g. `address`. */
  constructor(noun: string, clock: Clock) {
    this.#noun = noun;
    this.#clock = clock;
  }

  /** Resolves when `key` is ours, until the result is disposed of. Throws `overloaded` at `untilMs` of the monotonic clock. */
  async hold(key: string, untilMs: number): Promise<Disposable> {
    const queue = this.#queues.get(key);
    if (queue === undefined) this.#queues.set(key, []);
    else if (!(await this.#wait(queue, untilMs))) throw this.#overloaded(key);
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (isHeld) this.#passOn(key);
        isHeld = false;
      },
    };
  }

  /** The same for several keys, each once, taken in sorted order so that two callers can't wait for each other. */
  async holdAll(keys: readonly string[], untilMs: number): Promise<Disposable> {
    if (keys.length === 1 && keys[0] !== undefined) return this.hold(keys[0], untilMs);
    using taken = new DisposableStack();
    for (const key of [...keys].sort()) taken.use(await this.hold(key, untilMs));
    return taken.move();
  }

  /** How many keys are held: a test can see that nothing was left behind. */
  get held(): number {
    return this.#queues.size;
  }

  /** True when the key was handed to us; false when time ran out or the queue is full. */
  #wait(queue: Grant[], untilMs: number): Promise<boolean> {
    if (queue.length >= LOCK_WAITERS_MAX) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = new AbortController();
    const grant: Grant = () => {
      timer.abort();
      resolve(true);
    };
    queue.push(grant);
    const giveUp = () => {
      const place = queue.indexOf(grant);
      if (place === -1) return;
      queue.splice(place, 1);
      resolve(false);
    };
    const waitMs = Math.max(0, untilMs - this.#clock.monotonicMs());
    void this.#clock.sleep(waitMs, timer.signal).then(giveUp);
    return promise;
  }

  #passOn(key: string): void {
    const next = this.#queues.get(key)?.shift();
    if (next === undefined) this.#queues.delete(key);
    else next();
  }

  #overloaded(key: string): MeshError {
    return new MeshError(
      'overloaded',
      `Too many changes of ${this.#noun} '${key}' are in hand; this one was not begun. Try again.`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    );
  }
}
