// Virtual time for what is written with promises: between two things that are due, everything that can go on does.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../mesh/ports.ts';
import { SimulatedTime } from './simulated-time.ts';

const WALL_START_MS = Date.parse('2026-01-27T12:00:00Z');

export class SimulatedClock implements Clock {
  readonly time = new SimulatedTime();

  wallMs(): number {
    return WALL_START_MS + this.time.nowMs;
  }

  monotonicMs(): number {
    return this.time.nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        signal?.removeEventListener('abort', end);
        resolve();
      };
      signal?.addEventListener('abort', end, { once: true });
      this.time.at(Math.max(0, ms), end);
    });
  }

  /** Lets time pass. */
  async advance(ms: number): Promise<void> {
    const endMs = this.time.nowMs + ms;
    await nextTurn();
    for (let atMs = this.time.next(); atMs !== undefined && atMs <= endMs; atMs = this.time.next()) {
      this.time.advance(atMs - this.time.nowMs);
      await nextTurn();
    }
    this.time.advance(endMs - this.time.nowMs);
  }
}
