// Puts mails into the index of words behind whoever brings them, and takes out what erased ones have left: some at a time, and as much of this
// thread as it takes is left to others in between.
import type { Clock } from '../../../mesh/ports.ts';
import { Wake } from './wake.ts';

/** Milliseconds in which mails gather that are put in together. */
const GATHERED_MS = 250;
const PAUSE_MS_MIN = 5;
/** Milliseconds until it is tried again when it failed. */
const AGAIN_MS = 30_000;
/** Milliseconds that somebody waits who searches, and one transaction at most beyond: they find what has come since a little later. */
const WAITED_MS_MAX = 1_000;

export interface IndexUpkeepParts {
  /** Puts some in, the newest first; answers whether there are more. */
  readonly indexSome: () => Promise<'new' | 'old' | undefined>;
  /** Takes out some of what erased mails have left; answers whether there is more. */
  readonly purgeSome: () => Promise<boolean>;
  readonly clock: Clock;
  /** Hears of what failed. */
  readonly failed: (error: Error) => void;
}

export class IndexUpkeep {
  readonly #parts: IndexUpkeepParts;
  readonly #work = new Wake();

  constructor(parts: IndexUpkeepParts) {
    this.#parts = parts;
  }

  /** There may be a mail that is not in the index, or one that is and should not be. */
  wake(): void {
    this.#work.wake();
  }

  /** Whether the mails that came until now are found: answers when they are, or when that takes too long. Rejects when the disk fails. */
  async catchUp(): Promise<boolean> {
    const { indexSome, clock } = this.#parts;
    const sinceMs = clock.monotonicMs();
    do if ((await indexSome()) !== 'new') return true;
    while (clock.monotonicMs() - sinceMs < WAITED_MS_MAX);
    return false;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, failed } = this.#parts;
    while (!signal.aborted) {
      try {
        await this.#indexAll(signal);
        await this.#work.waited(signal);
        await clock.sleep(GATHERED_MS, signal);
      } catch (error) {
        failed(error as Error);
        await clock.sleep(AGAIN_MS, signal);
      }
    }
  }

  async #indexAll(signal: AbortSignal): Promise<void> {
    const { indexSome, purgeSome, clock } = this.#parts;
    while (!signal.aborted) {
      const sinceMs = clock.monotonicMs();
      const [left, isMore] = [await indexSome(), await purgeSome()];
      if (left === undefined && !isMore) return;
      await clock.sleep(Math.max(PAUSE_MS_MIN, clock.monotonicMs() - sinceMs), signal);
    }
  }
}
