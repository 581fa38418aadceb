// Work in the background that waits for its time: a pump starts whatever can be started, sleeps until something becomes due by time
// alone, and starts again when it is poked. Pokes of one moment are one look. One sleep serves for all that waits.
// A pump does not know what it starts. A failure of the work stops the pump, because nothing more can be promised then.
import type { Clock } from '../ports.ts';
import { withinMs } from './deadline.ts';
import { Sleeper } from './sleeper.ts';

export interface PumpOptions {
  readonly clock: Clock;
  /**
   * Starts whatever can be started now, by `spawn`; never waits. Returns after how many milliseconds something can be started by
   * time alone; infinite when nothing can.
   */
  readonly start: () => number;
}

export class Pump {
  readonly #clock: Clock;
  readonly #start: () => number;
  readonly #sleeper: Sleeper;
  readonly #tasks = new Set<Promise<void>>();
  #state: 'idle' | 'running' | 'stopped' = 'idle';
  #failure: Error | undefined;
  #isPoked = false;

  constructor({ clock, start }: PumpOptions) {
    this.#clock = clock;
    this.#start = start;
    this.#sleeper = new Sleeper(clock);
  }

  /** Whether work is still started. */
  get isRunning(): boolean {
    return this.#state === 'running' && this.#failure === undefined;
  }

  /** Whether work has failed: nothing is started any more, and `run` rejects with it. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Starts work until `signal` aborts or work fails, then lets `finish` end what is in hand. Rejects with the first failure of the
   * work. Once only.
   */
  async run(signal: AbortSignal, finish: () => Promise<void>): Promise<void> {
    if (this.#state !== 'idle') throw new Error('A pump runs once.');
    this.#state = 'running';
    const wake = () => this.#sleeper.wake();
    signal.addEventListener('abort', wake);
    while (!signal.aborted && this.#failure === undefined) {
      this.#sleeper.prepare();
      const waitMs = this.#start();
      if (!signal.aborted) await this.#sleeper.sleepUntil(this.#clock.monotonicMs() + waitMs);
    }
    this.#state = 'stopped';
    signal.removeEventListener('abort', wake);
    await finish();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Something may be startable that was not before: looks after what is being done now, so that what comes together is one look. */
  poke(): void {
    if (this.#isPoked || this.#state !== 'running') return;
    this.#isPoked = true;
    queueMicrotask(() => {
      this.#isPoked = false;
      if (this.isRunning) this.#sleeper.wakeFor(this.#start() + this.#clock.monotonicMs());
    });
  }

  /**
   * Begins `work` in the background. Its failure stops the pump: the store broke, or there is a bug. `ended` is called when the work
   * has ended, however it did.
   */
  spawn(work: () => Promise<void>, ended?: () => void): void {
    const task = work()
      .catch((error: Error) => {
        this.#failure ??= error;
        this.#sleeper.wake();
      })
      .finally(() => {
        this.#tasks.delete(task);
        ended?.();
      });
    this.#tasks.add(task);
  }

  /** Resolves when all work in hand has ended, at the latest after `msMax`. */
  async settle(msMax = Number.POSITIVE_INFINITY): Promise<void> {
    const all = Promise.all(this.#tasks);
    if (msMax === Number.POSITIVE_INFINITY) return void (await all);
    await withinMs(this.#clock, msMax, all, undefined);
  }
}
