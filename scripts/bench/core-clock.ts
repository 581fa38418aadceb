// A clock for meshes in one process: it goes on while this thread works and while it has nothing to do, and stands while other programs have its
// core. So what is late by it is late because of the mesh.
import type { Clock } from '../../mesh/ports.ts';
import { systemClock } from '../../node/system/clock.ts';
import { threadCpuMs } from './thread-cpu.ts';

const monotonicMs = () => threadCpuMs() + performance.eventLoopUtilization().idle;

export const coreClock: Clock = {
  wallMs: systemClock.wallMs,
  monotonicMs,
  sleep: async (ms, signal) => {
    const untilMs = monotonicMs() + ms;
    for (let restMs = ms; restMs > 0 && signal?.aborted !== true; restMs = untilMs - monotonicMs())
      await systemClock.sleep(restMs, signal);
  },
};
