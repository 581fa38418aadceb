// Loaded into a process before its program: tells how long its main thread held the event loop, in milliseconds of the thread's own CPU time, so
// that a busy machine counts for nothing. Each time above `HELD_LOOP_MS_MIN` is a line `<end in ms since 1970> <ms>` of the file HELD_LOOP_FILE.
import { appendFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const LOOK_MS = 5;
const HELD_LOOP_MS_MIN = 15;
const file = process.env.HELD_LOOP_FILE;

if (isMainThread && file !== undefined) {
  let usedMs = threadMs();
  setInterval(() => {
    const nowMs = threadMs();
    if (nowMs - usedMs >= HELD_LOOP_MS_MIN) appendFileSync(file, `${Date.now()} ${(nowMs - usedMs).toFixed(1)}\n`);
    usedMs = nowMs;
  }, LOOK_MS).unref();
}

function threadMs() {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
