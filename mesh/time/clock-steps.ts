// A wall clock that was set, back or forth, told to whoever keeps times by it. What waits goes by elapsed time; the times that are
// stored and shown are of the wall clock, and move with it.
import type { Clock } from '../ports.ts';

/** What a clock that is only slewed, as time servers do, never moves between two readings. */
const STEP_MS_MIN = 1_000;

/** A clock that reads as `clock` does; `stepped` is called before a reading that shows the wall clock to be set, with by how much. */
export function watchSteps(clock: Clock, stepped: (byMs: number) => void): Clock {
  let offsetMs = clock.wallMs() - clock.monotonicMs();
  return {
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    wallMs: () => {
      const wallMs = clock.wallMs();
      const byMs = wallMs - clock.monotonicMs() - offsetMs;
      offsetMs += byMs;
      if (Math.abs(byMs) >= STEP_MS_MIN) stepped(byMs);
      return wallMs;
    },
  };
}
