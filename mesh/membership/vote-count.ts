// Who can be reached, and what that means for a claim: the sentence that a client is told when it can't be decided.

import type { Unavailable } from '../claims/claim-store.ts';
import { type CoreState, reachedVotes, votersOf } from '../claims/core-state.ts';
import { CLAIM_MS_MAX, CLAIMS_IN_HAND_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import {
  type Config,
  canDecideWithout,
  electorsOf,
  hostsOf,
  isQuorum,
  isVoter,
  majorityOf,
  voteKey,
} from './config.ts';
import { obstacleTo, whyUnheard } from './obstacles.ts';

/** Says why a claim can't be decided now. */
export function unavailable(state: CoreState, overloaded = false): Unavailable {
  const { config } = state.membership;
  const counted = countVotes(state, config);
  const say = (reason: Unavailable['reason'], message: string, hostsFailed: readonly HostId[]): Unavailable => ({
    kind: 'unavailable',
    reason,
    message: `${message} Nothing was claimed${reason === 'no_majority' || reason === 'overloaded' ? '; try again' : ''}.`,
    required: counted.required,
    reached: counted.reached,
    hostsFailed,
  });
  if (overloaded)
    return say('overloaded', `This host has ${CLAIMS_IN_HAND_MAX} claims in hand, its most.`, counted.hostsFailed);
  const obstacle = obstacleTo(state);
  if (obstacle) return say(obstacle.reason, obstacle.message, obstacle.hosts);
  const { refusing } = state;
  const loss = lossOf(state);
  if (loss !== undefined) return say('membership_mismatch', loss.message, loss.hosts);
  if (config !== undefined && !canDecideWithout(config, votesOf(config, refusing))) {
    const names = [...refusing].join(', ');
    const message = `The answers of ${names} do not count: these hosts lost their claim data, or belong to another mesh. GET /api/hosts says more.`;
    return say('membership_mismatch', message, [...refusing]);
  }
  const needed = `${counted.required} of ${counted.all} voters must answer to establish who owns the address`;
  const moving = config?.old === undefined ? '' : ', a majority of the old ones and of the new ones';
  return say(
    'no_majority',
    `${needed}${moving}; ${counted.reached} did.${whyUnheard(state.membership, counted.hostsFailed)}`,
    counted.hostsFailed,
  );
}

/** How many voters must answer, and who did lately. While the mesh moves, both sides are counted as one. */
export function countVotes(state: CoreState, config: Config | undefined, withinMs = CLAIM_MS_MAX) {
  const hosts = votersOf(state);
  if (config === undefined)
    return { all: hosts.length, required: majorityOf(hosts.length), reached: 0, hostsFailed: hosts };
  const votes = reachedVotes(state, withinMs);
  const isReached = (host: HostId) =>
    [config.voters[host], config.old?.[host]].some(
      (incarnation) => incarnation !== undefined && votes.has(voteKey(host, incarnation)) && !state.refusing.has(host),
    );
  const reached = hosts.filter(isReached);
  const sides = [config.voters, ...(config.old === undefined ? [] : [config.old])];
  const required = Math.max(...sides.map((side) => majorityOf(hostsOf(side).length)));
  const hostsFailed = hosts.filter((host) => !isReached(host));
  return { all: hosts.length, required, reached: reached.length, hostsFailed, decides: isQuorum(config, votes) };
}

/** Set when so many voters lost their data that those left can't decide; waiting does not help then. */
export function lossOf({
  membership,
}: CoreState): { readonly message: string; readonly hosts: readonly HostId[] } | undefined {
  const { config, self, starts, greetings } = membership;
  if (config === undefined) return undefined;
  const hosts = electorsOf(config).filter((host) => {
    const present = host === self ? starts.own.data : greetings.get(host)?.greeting.incarnation;
    return present !== undefined && !isVoter(config, host, present);
  });
  if (canDecideWithout(config, votesOf(config, new Set(hosts)))) return undefined;
  const message = `${hosts.join(', ')} lost the claim data that a majority needs. When it can't be brought back, an operator may go on with the voters that are left: \`mesh recover\` says what may be lost by that.`;
  return { message, hosts };
}

function votesOf({ voters, old }: Config, hosts: ReadonlySet<HostId>): ReadonlySet<string> {
  const votes = new Set<string>();
  for (const host of hosts)
    for (const incarnation of [voters[host], old?.[host]])
      if (incarnation !== undefined) votes.add(voteKey(host, incarnation));
  return votes;
}
