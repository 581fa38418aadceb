// How many voters must answer, and who did lately: what is known before anybody is asked.
// A vote counted here is a voter that was heard on the data that votes, not a vote that it cast.

import type { HostId } from '../names.ts';
import { type Config, hostsOf, isQuorum, majorityOf, type VoteKey, voteKey } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import { votersOf } from '../state/electorate.ts';

export interface VoteCount {
  /** Voters; while the mesh moves, the old and the new together. */
  readonly all: number;
  /** Voters that must answer; while the mesh moves, of the longer list. */
  readonly required: number;
  /** Voters that were heard, and did not refuse to vote. */
  readonly reached: number;
  /** The other voters. */
  readonly hostsFailed: readonly HostId[];
  /** Whether those that were heard are a quorum. */
  readonly decides: boolean;
}

/** Counts the voters that were heard within `withinMs`, this host among them. Before there is a mesh, nobody was. */
export function countVotes(state: CoreState, withinMs: number): VoteCount {
  const { config } = state.membership;
  const hosts = votersOf(state);
  if (config === undefined)
    return { all: hosts.length, required: majorityOf(hosts.length), reached: 0, hostsFailed: hosts, decides: false };
  const votes = reachedVotes(state, withinMs);
  const isReached = (host: HostId) =>
    !state.refusing.has(host) && [...votesOf(config, [host])].some((vote) => votes.has(vote));
  const sides = [config.voters, ...(config.old === undefined ? [] : [config.old])];
  return {
    all: hosts.length,
    required: Math.max(...sides.map((side) => majorityOf(hostsOf(side).length))),
    reached: hosts.filter(isReached).length,
    hostsFailed: hosts.filter((host) => !isReached(host)),
    decides: isQuorum(config, votes),
  };
}

/** The votes of this host, and of the voters that were heard within `withinMs`. */
function reachedVotes({ membership, heardAtMs, nowMs }: CoreState, withinMs: number): ReadonlySet<VoteKey> {
  const { self, starts, config } = membership;
  const votes = new Set<VoteKey>();
  for (const voters of [config?.voters ?? {}, config?.old ?? {}])
    for (const [host, data] of Object.entries(voters)) {
      const vote = voteKey(host as HostId, data);
      const isOurs = host === self && data === starts.own.data;
      if (isOurs || nowMs - (heardAtMs.get(vote) ?? -Infinity) <= withinMs) votes.add(vote);
    }
  return votes;
}

/** The votes that these hosts have, on either side of a move. */
export function votesOf({ voters, old }: Config, hosts: Iterable<HostId>): ReadonlySet<VoteKey> {
  const votes = new Set<VoteKey>();
  for (const host of hosts)
    for (const data of [voters[host], old?.[host]]) if (data !== undefined) votes.add(voteKey(host, data));
  return votes;
}
