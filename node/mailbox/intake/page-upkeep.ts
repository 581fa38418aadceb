// Has what was erased overwritten in the pages of the database, behind whoever erases: it takes a tenth of this thread's time, however large the
// database is and however often something is erased.
import type { Clock } from '../../../mesh/ports.ts';
import { Wake } from './wake.ts';

const PAUSE_MS_MIN = 50;
/** Pauses are so many times as long as what was done before. */
const PAUSES = 9;
/** Milliseconds until what somebody still reads, or what failed, is tried again. */
const AGAIN_MS = 20_000;

export interface PageUpkeepParts {
  /** Overwrites some. */
  readonly overwriteSome: () => 'more' | 'kept' | 'done';
  readonly clock: Clock;
  /** Hears of what failed. */
  readonly failed: (error: Error) => void;
}

export class PageUpkeep {
  readonly #parts: PageUpkeepParts;
  readonly #work = new Wake();

  constructor(parts: PageUpkeepParts) {
    this.#parts = parts;
  }

  /** Something was erased. */
  wake(): void {
    this.#work.wake();
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      const sinceMs = clock.monotonicMs();
      const left = this.#overwriteSome();
      const pauseMs = Math.max(PAUSE_MS_MIN, PAUSES * (clock.monotonicMs() - sinceMs));
      if (left === 'done') await this.#work.waited(signal);
      await clock.sleep(left === 'kept' ? AGAIN_MS : pauseMs, signal);
    }
  }

  #overwriteSome(): 'more' | 'kept' | 'done' {
    try {
      return this.#parts.overwriteSome();
    } catch (error) {
      this.#parts.failed(error as Error);
      return 'kept';
    }
  }
}
