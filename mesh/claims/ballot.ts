// Ballots order the attempts to change a register. `[n, hostId]`: a number that its host never used before, even through a
// crash, and the host's id, so that two hosts never make the same ballot.
import type { HostId } from '../names.ts';

export type Ballot = readonly [n: number, hostId: HostId];

/** Negative when `a` is older than `b`, 0 when they are the same ballot. `null` (no ballot yet) is older than any. */
export function compareBallots(a: Ballot | null, b: Ballot | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}
