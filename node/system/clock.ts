// The Clock port over the machine's own clocks.
import type { Clock } from '../../mesh/ports.ts';

/** The clock of the machine. Its monotonic time goes on while the wall clock is set. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      // Not node:timers/promises: most sleeps are deadlines that are cut short, and there each of them costs an AbortError.
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      // Node drops the fraction, and begins to count up to a millisecond early: who is woken before the time would have to sleep twice.
      const timer = setTimeout(wake, Math.ceil(ms) + 1);
      signal?.addEventListener('abort', wake);
      return undefined;
    }),
};
