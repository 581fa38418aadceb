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

/** Milliseconds that `referenceWork` takes on the processor for which bounds in milliseconds were chosen. */
const REFERENCE_MS = 80;

/**
 * How many times slower this processor is than that one, at least 1: for bounds that nothing in the same program could be held against. One that
 * works for other programs beside is slower, too, by what they take of its caches.
 */
export function slowness(): number {
  return Math.max(1, cpuMsOf(referenceWork) / REFERENCE_MS);
}

/** Texts that are made, sorted, written and read. */
function referenceWork(): number {
  let random = 1;
  const texts = Array.from({ length: 100_000 }, () => {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    return `${random}@x.com`;
  });
  return JSON.parse(JSON.stringify(texts.sort())).length;
}
