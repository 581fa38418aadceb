// What the claims show of themselves: whether a claim could succeed now, who votes, and what the mesh is doing. For people and for
// `/ready`; it decides nothing.

import type { ClaimStatus } from '../claims/claim-store.ts';
import { type CoreState, votersOf } from '../claims/core-state.ts';
import { FRESH_GREETING_MS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { hostsOf } from './config.ts';
import { foreignersOf, isConcerned, isJoining } from './membership.ts';
import { disagreements, evictionSentence, obstacleTo, stateSentence, whyUnheard } from './obstacles.ts';
import { countVotes, lossOf } from './vote-count.ts';

/** Who votes, and what the mesh is doing. */
export interface MembershipView {
  /** Rises with each change of the voters; 0 before the mesh has formed. */
  readonly epoch: number;
  readonly voters: readonly HostId[];
  /** While the mesh moves: the voters before. */
  readonly from?: readonly HostId[];
  /** Whether this host has lost its claim data and waits to be brought in again. */
  readonly joining: boolean;
  /** Hosts that left, and since when; their addresses are free a day later, those of evicted ones at once. */
  readonly gone: Readonly<Record<HostId, string>>;
  /** Hosts that an operator wants to be evicted, while that is not done. */
  readonly evicting: readonly HostId[];
  /** A sentence. */
  readonly state: string;
  /** What differs between the hosts' files and what is agreed, a sentence each; empty when all is well. */
  readonly notes: readonly string[];
}

export function membershipOf(state: CoreState): MembershipView {
  const { membership, nowMs } = state;
  const { config, move } = membership;
  const rechosen = move?.left === undefined ? undefined : { done: move.done, all: move.keys.size };
  return {
    epoch: config?.epoch ?? 0,
    voters: config === undefined ? membership.wish.voters : hostsOf(config.voters),
    ...(config?.old === undefined ? {} : { from: hostsOf(config.old) }),
    joining: isJoining(membership),
    gone: config?.gone ?? {},
    evicting: [...membership.evicting.keys()],
    state: stateSentence(state, rechosen),
    notes: [
      ...disagreements(membership, nowMs),
      ...[...membership.evicting.keys()].map((host) => evictionSentence(membership, host, nowMs)),
    ],
  };
}

/** How a host stands to the mesh of this one. */
export interface Relation {
  /** What was agreed names it: its vote is needed, or it must hear that it left. */
  readonly isConcerned: boolean;
  /** It last spoke of another mesh. */
  readonly isForeign: boolean;
}

export function relationOf({ membership }: CoreState, host: HostId): Relation {
  return { isConcerned: isConcerned(membership, host), isForeign: foreignersOf(membership).includes(host) };
}

export function statusOf(state: CoreState): ClaimStatus {
  const { membership, operations } = state;
  const counted = countVotes(state, membership.config, FRESH_GREETING_MS_MAX);
  const { required, reached } = counted;
  const base = { kind: 'quorum', voters: votersOf(state), required, unsettled: operations.size };
  const obstacle = obstacleTo(state);
  if (obstacle) {
    const { reason, hosts, message } = obstacle;
    return { ...base, ready: false, why: message, reason, hosts };
  }
  const loss = lossOf(state);
  if (loss !== undefined)
    return { ...base, ready: false, why: loss.message, reason: 'membership_mismatch', hosts: loss.hosts };
  // A lone host forms with its first claim: nothing stands in the way of that.
  if (membership.config === undefined || counted.decides) return { ...base, ready: true };
  const why = `${required} of ${counted.all} voters must answer; ${reached} did when last asked.${whyUnheard(membership, counted.hostsFailed)}`;
  return { ...base, ready: false, reason: 'no_majority', hosts: counted.hostsFailed, why };
}
