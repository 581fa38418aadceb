// The Clock port over the machine's own clocks.
import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../mesh/ports.ts';

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      // An abort ends the sleep early, as the port says; setTimeout knows no other failure.
      if (!signal?.aborted) throw error;
    }
  },
};
