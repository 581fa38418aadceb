// A clock for meshes in one process: it goes on while this thread works and while it has nothing to do, and stands while other programs have its
// core. So what is late by it is late because of the mesh.
// One look every few milliseconds wakes all whose time has come: were each sleep a timer of its own that is set again for what the clock is behind,
// the timers of a large mesh would be most of its work where others have the core.
import type { Clock } from '../../mesh/ports.ts';
import { Heap } from '../../mesh/time/heap.ts';
import { systemClock } from '../../node/system/clock.ts';
import { threadCpuMs } from './thread-cpu.ts';

const LOOK_MS = 5;

interface Sleeping {
  readonly untilMs: number;
  readonly wake: () => void;
}

const beganMs = systemClock.wallMs();
const monotonicMs = () => threadCpuMs() + performance.eventLoopUtilization().idle;
const sleeping = new Heap<Sleeping>((one, other) => one.untilMs < other.untilMs);
let isLooking = false;

export const coreClock: Clock = {
  // What was signed gets no older meanwhile either.
  wallMs: () => beganMs + monotonicMs(),
  monotonicMs,
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      signal?.addEventListener('abort', wake);
      sleeping.push({ untilMs: monotonicMs() + ms, wake });
      look();
      return undefined;
    }),
};

function look(): void {
  if (isLooking || sleeping.size === 0) return;
  isLooking = true;
  setTimeout(() => {
    isLooking = false;
    const nowMs = monotonicMs();
    for (let next = sleeping.peek(); next !== undefined && next.untilMs <= nowMs; next = sleeping.peek()) {
      sleeping.pop();
      next.wake();
    }
    look();
  }, LOOK_MS);
}
