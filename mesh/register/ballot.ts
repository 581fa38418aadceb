// Ballots order the attempts to change a register. `[n, proposer]`: a number that its proposer never used before, even through a
// crash, and the proposer's name, so that two never make the same ballot. The name tells incarnations of a host apart, for one
// that lost its disk no longer knows which numbers it used.
import type { HostId } from '../names.ts';

export type Ballot = readonly [n: number, proposer: string];

/** Hex digits of an incarnation in a proposer's name. */
const INCARNATION_DIGITS = 12;

/** `mac#5f0c…`; ballots stored by earlier versions have the host's id alone. */
export function proposerName(host: HostId, incarnation: string): string {
  return `${host}#${incarnation.slice(0, INCARNATION_DIGITS)}`;
}

/** Negative when `a` is older than `b`, 0 when they are the same ballot. `null` (no ballot yet) is older than any. */
export function compareBallots(a: Ballot | null, b: Ballot | null): number {
  if (a === null || b === null) return (a === null ? 0 : 1) - (b === null ? 0 : 1);
  if (a[0] !== b[0]) return a[0] - b[0];
  if (a[1] === b[1]) return 0;
  return a[1] < b[1] ? -1 : 1;
}

/** The newer of two ballots; `null` when there is neither. */
export function newerBallot(a: Ballot | null, b: Ballot | null): Ballot | null {
  return compareBallots(a, b) < 0 ? b : a;
}
