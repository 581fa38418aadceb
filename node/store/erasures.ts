// Has what was erased for good overwritten in the store's files, behind whoever erases. That it is due is a record, so that a crash in between, or
// a database that can't be overwritten now, leaves it to be done. It takes a tenth of the time, however often somebody asks.
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import type { ForgettingStore } from './disk-store.ts';
import type { Store } from './store.ts';

const KEY = 'erasing';
const PAUSE_MS_MIN = 50;
/** Pauses are so many times as long as what was done before. */
const PAUSES = 9;
/** Milliseconds until it is tried again when it failed. */
const AGAIN_MS = 60_000;

export interface ErasuresParts {
  readonly store: Store;
  /** Overwrites what the same store has removed, where that is on a disk. */
  readonly forgetting: ForgettingStore | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export class Erasures {
  readonly #parts: ErasuresParts;
  #isDue: boolean;
  #woken = Promise.withResolvers<void>();

  private constructor(parts: ErasuresParts, isDue: boolean) {
    this.#parts = parts;
    this.#isDue = isDue;
  }

  /** Rejects with `store_failed`. */
  static async open(parts: ErasuresParts): Promise<Erasures> {
    return new Erasures(parts, (await parts.store.get(KEY)) !== undefined);
  }

  /** Has what commits before this call have removed or replaced overwritten. Resolves when that will be done even if the process ends now. */
  async erase(): Promise<void> {
    await this.#parts.store.commit([{ key: KEY, value: true }]);
    this.#isDue = true;
    this.#woken.resolve();
  }

  /** Until `signal` aborts. Rejects when the store fails. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    while (!signal.aborted) {
      if (this.#isDue) await this.#overwrite(signal);
      else {
        await Promise.race([this.#woken.promise, aborted]);
        this.#woken = Promise.withResolvers();
        await clock.sleep(PAUSE_MS_MIN, signal);
      }
    }
  }

  async #overwrite(signal: AbortSignal): Promise<void> {
    const { store, forgetting, clock, log } = this.#parts;
    this.#isDue = false;
    try {
      let sinceMs = clock.monotonicMs();
      for await (const _ of forgetting?.overwrite() ?? []) {
        await clock.sleep(Math.max(PAUSE_MS_MIN, PAUSES * (clock.monotonicMs() - sinceMs)), signal);
        if (signal.aborted) return;
        sinceMs = clock.monotonicMs();
      }
    } catch (error) {
      this.#isDue = true;
      log.warn('store.overwriting_waits', {
        message: `Octets of what was erased may be left: ${(error as Error).message}`,
      });
      await clock.sleep(AGAIN_MS, signal);
      return;
    }
    if (!this.#isDue) await store.commit([{ key: KEY, value: undefined }]);
  }
}
