// Why no claim can be decided now, in words that an operator understands. Asked in one order by whoever wants to know: by a claim before the
// voters are asked, by a claim that they did not decide, and by `/ready`.
// These are sentences and codes: nothing is decided here.

import { CLAIM_MS_MAX, CLAIMS_IN_HAND_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import type { Unavailable } from '../state/claim-store.ts';
import { canDecideWithout, electorsOf, isVoter, sameHosts } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import { isJoining, type Membership } from '../state/membership.ts';
import { countVotes, type VoteCount, votesOf } from './vote-count.ts';

/** Something that keeps claims from being decided: a code for programs, sentences for people. */
export interface Obstacle {
  readonly reason: 'forming' | 'membership_mismatch' | 'overloaded' | 'no_majority';
  /** A sentence, or some. */
  readonly message: string;
  /** The hosts that are missing, or that disagree. */
  readonly hosts: readonly HostId[];
}

/** Why no claim could be decided now, by what was heard within `heardWithinMs`; `undefined`: nothing is known that stands in the way. */
export function whyNoClaim(state: CoreState, heardWithinMs: number): Obstacle | undefined {
  const standing = obstacleTo(state) ?? lossOf(state.membership);
  if (standing !== undefined) return standing;
  const count = countVotes(state, heardWithinMs);
  // A lone host forms its mesh with its first claim.
  if (state.membership.config === undefined || count.decides) return undefined;
  return silenceOf(state, count);
}

/** Why the voters did not decide a claim in its time. */
function whyUndecided(state: CoreState): Obstacle {
  const standing = obstacleTo(state) ?? lossOf(state.membership) ?? votelessOf(state);
  return standing ?? silenceOf(state, countVotes(state, CLAIM_MS_MAX));
}

/** Why a claim is not even begun; `undefined` when it may be. */
export function whyNotBegun(state: CoreState): Obstacle | undefined {
  return overloadOf(state) ?? lastingObstacleTo(state);
}

/** The obstacle that no time removes: any but that too many claims are in hand. `undefined` when there is none. */
export function lastingObstacleTo(state: CoreState): Obstacle | undefined {
  const obstacle = obstacleTo(state);
  return obstacle?.reason === 'membership_mismatch' ? obstacle : undefined;
}

/** What a client is told. `why`: absent when the claim was tried, and not decided in its time. */
export function unavailable(state: CoreState, why: Obstacle = whyUndecided(state)): Unavailable {
  const { reason, message, hosts } = why;
  const { required, reached } = countVotes(state, CLAIM_MS_MAX);
  const isPassing = reason === 'no_majority' || reason === 'overloaded';
  const sentence = `${message} Nothing was claimed${isPassing ? '; try again' : ''}.`;
  return { kind: 'unavailable', reason, message: sentence, required, reached, hostsFailed: hosts };
}

/** What a client is told by a node that ends. */
export function stopping(state: CoreState): Unavailable {
  const { required } = countVotes(state, CLAIM_MS_MAX);
  const message = 'This node is stopping. Nothing was claimed; try again in a moment.';
  return { kind: 'unavailable', reason: 'stopping', message, required, reached: 0, hostsFailed: [] };
}

/** What stands in the way of every claim, whoever answers. */
export function obstacleTo({ membership, registry }: Pick<CoreState, 'membership' | 'registry'>): Obstacle | undefined {
  const { config, self, starts } = membership;
  if (config === undefined && !registry.isEmpty()) return stranded(membership);
  if (starts.withdrawnOnWordOf !== undefined) return withdrawn(self, starts.withdrawnOnWordOf);
  if (config === undefined) return unformed(membership);
  if (config.gone[self] === undefined) return isJoining(membership) ? joining(self) : undefined;
  const message = `This host is no longer part of the mesh: hosts.json of the other hosts does not list '${self}' since ${config.gone[self]}. List it there again, or stop this node.`;
  return { reason: 'membership_mismatch', message, hosts: [self] };
}

function overloadOf(state: CoreState): Obstacle | undefined {
  if (state.claimsInHand < CLAIMS_IN_HAND_MAX) return undefined;
  const message = `This host has ${CLAIMS_IN_HAND_MAX} claims in hand, its most.`;
  return { reason: 'overloaded', message, hosts: countVotes(state, CLAIM_MS_MAX).hostsFailed };
}

/** So many voters lost their data that those left can't decide. Waiting does not help then. */
function lossOf({ config, self, starts, greetings }: Membership): Obstacle | undefined {
  if (config === undefined) return undefined;
  const electors = electorsOf(config);
  const hosts = electors.filter((host) => {
    const data = host === self ? starts.own.data : greetings.get(host)?.greeting.incarnation;
    return data !== undefined && !isVoter(config, host, data);
  });
  if (canDecideWithout(config, votesOf(config, hosts))) return undefined;
  const left = electors.filter((host) => !hosts.includes(host));
  const command = `npx mesh recover ${(left.length === 0 ? hosts : left).join(' ')}`;
  const message = `${hosts.join(', ')} lost the claim data that a majority needs. When it can't be brought back, an operator may go on with the hosts that are left: '${command}' on one of them says what may be lost by that.`;
  return { reason: 'membership_mismatch', message, hosts };
}

/** So many voters answered without a vote that those left can't decide. */
function votelessOf({ membership: { config }, refusing }: CoreState): Obstacle | undefined {
  const hosts = [...refusing];
  if (config === undefined || canDecideWithout(config, votesOf(config, hosts))) return undefined;
  const message = `The answers of ${hosts.join(', ')} do not count: these hosts lost their claim data, or belong to another mesh. GET /api/hosts says more.`;
  return { reason: 'membership_mismatch', message, hosts };
}

function silenceOf({ membership }: CoreState, { all, required, reached, hostsFailed }: VoteCount): Obstacle {
  const moving =
    membership.config?.old === undefined ? '' : ', a majority of the old ones and a majority of the new ones';
  const message = `${required} of ${all} voters must answer${moving}; ${reached} did when last asked.${whyUnheard(membership, hostsFailed)}`;
  return { reason: 'no_majority', message, hosts: hostsFailed };
}

/** Why the first of these hosts that has said so refuses to speak with this one: a blank and a sentence; or nothing. */
function whyUnheard({ refusals }: Membership, hosts: readonly HostId[]): string {
  const why = hosts.map((host) => refusals.get(host)).find((sentence) => sentence !== undefined);
  return why === undefined ? '' : ` ${why}`;
}

/** This host holds addresses though no mesh has formed: an engine gave them to it, not votes. */
function stranded({ self }: Membership): Obstacle {
  const message = `This host, '${self}', holds addresses that were claimed with an engine, and the hosts' own votes know nothing of them: claims are not carried over. Start it with the MESH_CLAIMS that it had. To do without the engine, release all addresses while it still has it, or start with an empty data directory.`;
  return { reason: 'membership_mismatch', message, hosts: [self] };
}

function joining(self: HostId): Obstacle {
  const message = `This host, '${self}', has lost its claim data, and claims nothing until the others have brought it in again. Should that not be done in a minute, they refuse its new key: 'npx mesh status' on them says so, and what helps.`;
  return { reason: 'forming', message, hosts: [self] };
}

function withdrawn(self: HostId, by: HostId): Obstacle {
  const message = `Host '${by}' knows another start of '${self}' on this data: the data directory is in use twice, or was restored from a backup. This node neither votes nor claims. If it is the only one, start it again: then it begins anew. If not, stop one of the two for good, and start the other with an empty data directory.`;
  return { reason: 'membership_mismatch', message, hosts: [self] };
}

function unformed(membership: Membership): Obstacle | undefined {
  const { wish, self } = membership;
  if (wish.voters.length === 0) {
    const message =
      'No host votes on claims: hosts.json lists more than seven hosts; mark three or five of them "voter": true, the same on every host.';
    return { reason: 'membership_mismatch', message, hosts: [] };
  }
  return formedWithout(membership) ?? disagreeing(membership) ?? waiting(membership, self);
}

/** A mesh was heard of that this host can't adopt, since it took part in forming another (membership/README.md, step 3). */
function formedWithout({ greetings, succession }: Membership): Obstacle | undefined {
  const accepted = succession?.config;
  const host = [...greetings].find(([, { greeting }]) => greeting.mesh !== '' && greeting.mesh !== accepted?.mesh)?.[0];
  if (host === undefined || accepted === undefined || accepted === null) return undefined;
  const message = `Host '${host}' belongs to a mesh that formed without this host, while this host was forming one with ${namesOf(electorsOf(accepted))}. When hosts.json is the same on every host, an operator may have this one join it: 'npx mesh join ${host} --accept-loss' here.`;
  return { reason: 'membership_mismatch', message, hosts: [host] };
}

function disagreeing({ wish, greetings, self }: Membership): Obstacle | undefined {
  const hosts = wish.voters.filter((voter) => {
    const heard = greetings.get(voter);
    return (
      voter !== self &&
      heard !== undefined &&
      heard.greeting.mesh === '' &&
      !sameHosts(heard.greeting.wish.voters, wish.voters)
    );
  });
  if (hosts.length === 0) return undefined;
  const theirs = hosts
    .map((host) => `'${host}' goes by ${namesOf(greetings.get(host)?.greeting.wish.voters ?? [])}`)
    .join('; ');
  const message = `The hosts do not agree on who votes: this host goes by ${namesOf(wish.voters)}, but ${theirs}. Make the voters in hosts.json the same on every host.`;
  return { reason: 'membership_mismatch', message, hosts };
}

function waiting(membership: Membership, self: HostId): Obstacle | undefined {
  const { wish, greetings } = membership;
  const hosts = wish.voters.filter((voter) => voter !== self && !greetings.has(voter));
  if (hosts.length > 0) {
    const one = hosts.length === 1;
    const advice = ` Start ${one ? 'it' : 'them'}, or take what is not to vote out of hosts.json, on every host.`;
    const message = `The mesh has not formed yet: before the first claim, every voter must have been heard once, and ${namesOf(hosts)} ${one ? 'has' : 'have'} not answered.${whyUnheard(membership, hosts) || advice}`;
    return { reason: 'forming', message, hosts };
  }
  if (wish.voters.length === 1 && wish.voters[0] === self) return undefined;
  return {
    reason: 'forming',
    message: 'The mesh is forming: every voter was heard, and they are agreeing.',
    hosts: [],
  };
}

/** Hosts in a sentence. */
export function namesOf(hosts: readonly HostId[]): string {
  return hosts.length === 0 ? 'nobody' : hosts.join(', ');
}
