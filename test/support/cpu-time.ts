// How long this process's own work takes, whatever else the machine does: for bounds on what may hold the event loop.

/** Milliseconds of CPU of the quickest of three runs: the first compiles. */
export function cpuMsOf(work: () => unknown): number {
  const runs = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...runs);
}
