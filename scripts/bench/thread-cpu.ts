// Time that counts only while this thread is at work: on a machine shared with others it says what the wall clock can't.

/** Milliseconds of CPU that this thread has used so far, the system's part included. */
export function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Runs `work` and says the most CPU, in milliseconds, that one turn of the event loop took meanwhile. */
export async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastMs = threadCpuMs();
  let immediate: NodeJS.Immediate;
  const look = () => {
    const nowMs = threadCpuMs();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    immediate = setImmediate(look);
  };
  immediate = setImmediate(look);
  try {
    await work();
  } finally {
    clearImmediate(immediate);
  }
  // The turn in which the work ended, which may be its only one.
  return Math.max(longestMs, threadCpuMs() - lastMs);
}
