// Attempts of proposals: each has a ballot number that was on the disk as used before it left, goes to every voter, and has its time. What becomes
// of an operation that runs out of attempts is in operation.ts.

import { RELEASE_RETRY_MS } from '../limits.ts';
import type { AddressKey } from '../names.ts';
import type { Item } from '../register/item.ts';
import { type Proposal, prepare } from '../register/proposer.ts';
import { nextBallotNumber, reserveBallots } from '../state/ballot-numbers.ts';
import type { CoreState } from '../state/core-state.ts';
import { votersOf } from '../state/electorate.ts';
import { type Effect, type Inner, timer } from '../state/events.ts';

/** An attempt (prepare and accept) waits this long for a majority before a higher ballot is tried: four round trips, between the two. */
const ATTEMPT_MS_MIN = 400;
export const ATTEMPT_MS_MAX = 1_000;
/** After a refused ballot, a random wait between the two, so that two claimants do not meet again. */
export const BACKOFF_MS_MIN = 5;
export const BACKOFF_MS_MAX = 125;

/** Begins an attempt for each of these proposals of one operation, in shared messages. */
export function attempt(state: CoreState, proposals: readonly Proposal[], out: Effect[]): void {
  const items: Item[] = [];
  for (const proposal of proposals) {
    const n = nextBallotNumber(state);
    state.attempts.set(n, proposal);
    items.push(prepare(proposal, n));
    out.push(timer(attemptMs(state), { type: 'attemptOver', n }));
  }
  reserveBallots(state, out);
  const sends = toAll(state, items);
  if (state.highestBallot <= state.ballotCeiling) out.push(...sends);
  else out.push({ type: 'persist', writes: [], after: sends });
}

/** The attempt's time is over: a claim tries at once under a higher ballot, a release after a while. */
export function retry(state: CoreState, proposal: Proposal, out: Effect[]): void {
  state.attempts.delete(proposal.n);
  proposal.phase = 'idle';
  if (['claim', 'confirm', 'read'].includes(proposal.change.kind)) attempt(state, [proposal], out);
  else out.push({ ...timer(RELEASE_RETRY_MS, retryOf(proposal)), afterMs: [RELEASE_RETRY_MS, 2 * RELEASE_RETRY_MS] });
}

/** A voter has promised a higher ballot: two that try in turns would outbid each other for ever, so one waits, by chance. */
export function backOff(state: CoreState, proposal: Proposal, out: Effect[]): void {
  state.attempts.delete(proposal.n);
  proposal.phase = 'idle';
  out.push({ type: 'timer', afterMs: [BACKOFF_MS_MIN, BACKOFF_MS_MAX], event: retryOf(proposal) });
}

/** The wait after an attempt that failed is over. */
export function attemptAgain(state: CoreState, operation: number, key: AddressKey, out: Effect[]): void {
  const idle = state.operations.get(operation)?.proposals.find((one) => one.key === key && one.phase === 'idle');
  if (idle) attempt(state, [idle], out);
}

/** One message with these items to every voter. */
export function toAll(state: CoreState, items: readonly Item[]): Effect[] {
  return votersOf(state).map((to) => ({ type: 'send', to, items }));
}

function attemptMs(state: CoreState): number {
  return Math.min(ATTEMPT_MS_MAX, Math.max(ATTEMPT_MS_MIN, 4 * state.roundTripMs));
}

/** What comes when a proposal is to be tried again. */
function retryOf(proposal: Proposal): Inner {
  return { type: 'retryDue', operation: proposal.operation, key: proposal.key };
}
