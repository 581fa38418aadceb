// One caller per key at a time, the others in the order they came: how changes of one agent, name, address or message take turns.
// The queue of a key is bounded, and a wait may end at a moment that the caller names, so that a queue behind a slow claim is an
// answer and not a hang. A lock does not know for how long its caller needs it, and takes nothing away.

import { MeshError } from '../errors.ts';
import { RETRY_AFTER_SECONDS } from '../limits.ts';
import type { Clock } from '../ports.ts';

/** Mutations that wait for one agent, name or address. The next one is answered 503. */
export const LOCK_WAITERS_MAX = 1_000;

type Grant = () => void;

export interface KeyedLockOptions {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  /** The error of whoever can't wait: the queue of `key` is full, or the moment has come. */
  readonly refusal: (key: string) => Error;
  /** How many may wait for one key; default `LOCK_WAITERS_MAX`. Infinite where the callers are bounded and may not be refused. */
  readonly waitersMax?: number;
}

/** One holder a key; whoever comes later waits in turn, at most `waitersMax` of them a key. */
export class KeyedLock {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'sleep'>;
  readonly #refusal: (key: string) => Error;
  readonly #waitersMax: number;
  /** Who waits, by key; a key that is present is locked. */
  readonly #queues = new Map<string, Grant[]>();

  constructor({ clock, refusal, waitersMax = LOCK_WAITERS_MAX }: KeyedLockOptions) {
    this.#clock = clock;
    this.#refusal = refusal;
    this.#waitersMax = waitersMax;
  }

  /**
   * Resolves when `key` is ours, until the result is disposed of. Throws the lock's refusal when too many wait already, and at
   * `untilMs` of the monotonic clock; infinite: the lock is waited for as long as it takes.
   */
  async lock(key: string, untilMs = Number.POSITIVE_INFINITY): Promise<Disposable> {
    const free = this.#lockFree(key);
    if (free !== undefined) return free;
    if (!(await this.#wait(this.#queues.get(key) ?? [], untilMs))) throw this.#refusal(key);
    return this.#lockOf(key);
  }

  /** Locks several keys, each once, in sorted order so that two callers can't wait for each other. */
  async lockAll(keys: readonly string[], untilMs?: number): Promise<Disposable> {
    if (keys.length === 1 && keys[0] !== undefined) return this.lock(keys[0], untilMs);
    using locked = new DisposableStack();
    for (const key of [...keys].sort()) locked.use(await this.lock(key, untilMs));
    return locked.move();
  }

  /**
   * Does `work` while the key is locked: at once when the key is free, otherwise when everybody before has ended, whatever
   * became of them. Throws as `lock` and `work` do.
   */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    using _lock = this.#lockFree(key) ?? (await this.lock(key));
    return await work();
  }

  /** How many keys are locked: a test can see that nothing was left behind. */
  get lockedCount(): number {
    return this.#queues.size;
  }

  #lockFree(key: string): Disposable | undefined {
    if (this.#queues.has(key)) return undefined;
    this.#queues.set(key, []);
    return this.#lockOf(key);
  }

  #lockOf(key: string): Disposable {
    let isLocked = true;
    return {
      [Symbol.dispose]: () => {
        if (isLocked) this.#passOn(key);
        isLocked = false;
      },
    };
  }

  /** True when the key was handed to us; false when time ran out or the queue is full. */
  #wait(queue: Grant[], untilMs: number): Promise<boolean> {
    if (queue.length >= this.#waitersMax) return Promise.resolve(false);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = new AbortController();
    const grant: Grant = () => {
      timer.abort();
      resolve(true);
    };
    queue.push(grant);
    if (untilMs === Number.POSITIVE_INFINITY) return promise;
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
}

/** The refusal of changes. `noun`: what a key names, e.g. `address`. */
export function tooManyChanges(noun: string): (key: string) => MeshError {
  return (key) =>
    new MeshError(
      'overloaded',
      `Too many changes of ${noun} '${key}' are in hand; this one was not begun. Try again.`,
      {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      },
    );
}
