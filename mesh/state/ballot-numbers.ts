// The numbers of this host's ballots: each is higher than any that the host used or saw, and is on the disk as used before it leaves.
import { ballotCeilingWrite } from './claim-records.ts';
import type { CoreState } from './core-state.ts';
import type { Effect } from './events.ts';

/** Ballot numbers reserved by one durable write. */
const BALLOT_BLOCK = 10_000;

/** A number above every one that this host used or saw. It may leave once it is durable as used: see `reserveBallots`. */
export function nextBallotNumber(state: CoreState): number {
  state.highestBallot += 1;
  return state.highestBallot;
}

/** `n` was seen in somebody's ballot. */
export function noteBallotNumber(state: CoreState, n: number): void {
  state.highestBallot = Math.max(state.highestBallot, n);
}

/**
 * Keeps numbers ahead that are on disk as used, before they are used: after a crash they must never come again. Asks early
 * enough that an attempt seldom waits for the disk.
 */
export function reserveBallots(state: CoreState, out: Effect[]): void {
  if (state.highestBallot + BALLOT_BLOCK / 2 <= state.ceilingAsked) return;
  const ceiling = state.highestBallot + BALLOT_BLOCK;
  state.ceilingAsked = ceiling;
  const durable: Effect = { type: 'event', event: { type: 'ceilingDurable', ceiling } };
  out.push({ type: 'persist', writes: [ballotCeilingWrite(ceiling)], after: [durable] });
}
