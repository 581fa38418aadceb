// A clock for a mesh that is played by threads of this process. It goes on while the process has the cores that its threads want, and the more slowly
// the fewer of them other programs leave it. So what is late by it is late because of the mesh: of what the threads take from each other, too.
// Each thread reads the same clock out of memory that they share. One look every few milliseconds wakes all whose time has come: timers of their
// own that are set again for what the clock is behind would be most of the work where others have the cores.
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Clock } from '../../mesh/ports.ts';
import { Heap } from '../../mesh/time/heap.ts';
import { systemClock } from '../../node/system/clock.ts';

const LOOK_MS = 5;
/** What a look sees is averaged over about so many of them: a thread's wait is counted when it ends. */
const LOOKS_AVERAGED = 40;
const CORES = availableParallelism();

interface Sleeping {
  readonly untilMs: number;
  readonly wake: () => void;
}

/** What the threads of this process have had of the cores so far, and how long they have waited for one, in milliseconds. */
interface Had {
  readonly atMs: number;
  readonly ranMs: number;
  readonly waitedMs: number;
}

/** Keeps the clock going until it is disposed of. The memory is given to `meshClock`, in any thread. */
export function keepMeshClock(): Disposable & { readonly memory: SharedArrayBuffer } {
  const memory = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  const now = new Float64Array(memory);
  let before = had();
  let [passed, ran, waited] = [0, 0, 0];
  const look = setInterval(() => {
    const after = had();
    const passedMs = after.atMs - before.atMs;
    const kept = 1 - 1 / LOOKS_AVERAGED;
    passed = passed * kept + passedMs;
    ran = ran * kept + Math.max(0, after.ranMs - before.ranMs);
    waited = waited * kept + Math.max(0, after.waitedMs - before.waitedMs);
    const wanted = Math.min(ran + waited, CORES * passed);
    now[0] = (now[0] ?? 0) + passedMs * (wanted > 0 ? Math.min(1, ran / wanted) : 1);
    before = after;
  }, LOOK_MS);
  return { memory, [Symbol.dispose]: () => clearInterval(look) };
}

/** The clock that `keepMeshClock` keeps going. Its wall clock stands with it: what was signed gets no older meanwhile either. */
export function meshClock(memory: SharedArrayBuffer, beganMs: number): Clock {
  const now = new Float64Array(memory);
  const monotonicMs = () => now[0] ?? 0;
  const sleeping = new Heap<Sleeping>((one, other) => one.untilMs < other.untilMs);
  let isLooking = false;
  const look = () => {
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
  };
  return {
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
}

/** Linux: proc(5), `schedstat`, in nanoseconds. Elsewhere nobody says it, and the clock is the machine's. */
function had(): Had {
  let [ranMs, waitedMs] = [0, 0];
  for (const task of tasks()) {
    const [ran = 0, waited = 0] = schedstatOf(task).split(' ').map(Number);
    ranMs += ran / 1e6;
    waitedMs += waited / 1e6;
  }
  return { atMs: systemClock.monotonicMs(), ranMs, waitedMs };
}

function tasks(): readonly string[] {
  try {
    return readdirSync('/proc/self/task');
  } catch {
    // No such thing on this system.
    return [];
  }
}

function schedstatOf(task: string): string {
  try {
    return readFileSync(`/proc/self/task/${task}/schedstat`, 'utf8');
  } catch {
    // It has ended since.
    return '';
  }
}
