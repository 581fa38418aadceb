// Why no claim can be made now, and what the mesh is busy with, in words that an operator understands.
// It only tells: nothing is decided by these sentences.

import type { CoreState } from '../claims/core-state.ts';
import { FRESH_GREETING_MS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { electorsOf, hostsOf, majorityOf, sameHosts } from './config.ts';
import { foreignersOf, freshGreeting, isJoining, isSameWish, type Membership } from './membership.ts';

export interface Obstacle {
  readonly reason: 'forming' | 'membership_mismatch';
  readonly message: string;
  readonly hosts: readonly HostId[];
}

/** What stands in the way of a claim by this host; `undefined` when nothing does but perhaps silence. */
export function obstacleTo({ membership, registry }: Pick<CoreState, 'membership' | 'registry'>): Obstacle | undefined {
  return membership.config === undefined && !registry.isEmpty() ? stranded(membership) : obstacleOf(membership);
}

function obstacleOf(membership: Membership): Obstacle | undefined {
  const { config, self, starts } = membership;
  if (starts.withdrawnOnWordOf !== undefined) return withdrawn(self, starts.withdrawnOnWordOf);
  if (config === undefined) return unformed(membership);
  if (config.gone[self] === undefined) return isJoining(membership) ? joining(self) : undefined;
  const message = `This host is no longer part of the mesh: hosts.json of the other hosts does not list '${self}' since ${config.gone[self]}. List it there again, or stop this node.`;
  return { reason: 'membership_mismatch', message, hosts: [self] };
}

/** What differs between this host's wish, the others' and what is agreed; empty when all agree. */
export function disagreements(membership: Membership, nowMs: number): readonly string[] {
  const { config, wish, greetings, self } = membership;
  if (config === undefined) return [];
  const notes: string[] = [];
  for (const [host, { greeting, atMs }] of greetings) {
    // Who has left, or is silent, has no say in it now.
    if (!wish.members.includes(host) || nowMs - atMs > FRESH_GREETING_MS_MAX) continue;
    if (greeting.mesh === config.mesh && !isSameWish(greeting.wish, wish))
      notes.push(
        `hosts.json of '${host}' has voters ${list(greeting.wish.voters)} and hosts ${list(greeting.wish.members)}; here they are ${list(wish.voters)} and ${list(wish.members)}`,
      );
  }
  for (const host of foreignersOf(membership))
    notes.push(
      `host '${host}' belongs to another mesh, with owners of its own: 'mesh join ${host} --accept-loss' here, and on every other host of this mesh, makes them one`,
    );
  for (const [host, why] of membership.refusals) if (wish.members.includes(host)) notes.push(why);
  if (!sameHosts(hostsOf(config.voters), wish.voters) && notes.length === 0)
    notes.push(
      `hosts.json has voters ${list(wish.voters)}, the mesh goes by ${list(hostsOf(config.voters))} until all of the new and a majority of the old are heard${unheard(membership, nowMs)}`,
    );
  if (isJoining(membership)) notes.push(`'${self}' has lost its claim data and waits to be brought in again`);
  return notes;
}

/** What an eviction waits for. */
export function evictionSentence(membership: Membership, host: HostId, nowMs: number): string {
  const { config } = membership;
  const isGone = config?.gone[host] !== undefined;
  const silent = config === undefined ? [] : electorsOf(config).filter((voter) => isUnheard(membership, voter, nowMs));
  const cause = isGone
    ? 'once a majority of the voters has agreed'
    : 'once no hosts.json lists it and the mesh has moved without it';
  return `The addresses of '${host}' will be free ${cause}${silent.length === 0 ? '' : `; ${list(silent)} was not heard lately`}. It goes on by itself, through restarts.`;
}

/** What the first of these hosts, all silent, is known to have against what it was asked; a sentence after a blank, or nothing. */
export function whyUnheard({ refusals }: Membership, hosts: readonly HostId[]): string {
  const why = hosts.map((host) => refusals.get(host)).find((sentence) => sentence !== undefined);
  return why === undefined ? '' : ` ${why}`;
}

function isUnheard(membership: Membership, host: HostId, nowMs: number): boolean {
  return host !== membership.self && freshGreeting(membership, host, nowMs) === undefined;
}

/** Which hosts of the file keep the mesh waiting. */
function unheard(membership: Membership, nowMs: number): string {
  const { wish } = membership;
  const hosts = wish.voters.filter((host) => isUnheard(membership, host, nowMs));
  return hosts.length === 0 ? '' : `; ${list(hosts)} was not heard lately`;
}

/** What the mesh is doing, in one sentence. */
export function stateSentence(
  state: Pick<CoreState, 'membership' | 'registry'>,
  rechosen: { readonly done: number; readonly all: number } | undefined,
): string {
  const { config } = state.membership;
  if (config === undefined) return obstacleTo(state)?.message ?? 'The mesh forms with its first claim.';
  if (config.old === undefined) {
    const voters = hostsOf(config.voters);
    return `Epoch ${config.epoch}: ${majorityOf(voters.length)} of ${list(voters)} decide.`;
  }
  if (config.unanimous === true)
    return `Epoch ${config.epoch}: after a loss, ${list(hostsOf(config.voters))} must agree, every one of them, until each address is chosen again.`;
  const progress = rechosen === undefined ? '' : ` ${rechosen.done} of ${rechosen.all} addresses are taken over.`;
  return `Epoch ${config.epoch}: the mesh moves from ${list(hostsOf(config.old))} to ${list(hostsOf(config.voters))}; a majority of both decides.${progress}`;
}

/** No mesh has formed, so no vote has given this host what it holds. */
function stranded({ self }: Membership): Obstacle {
  const message = `This host, '${self}', holds addresses that were claimed with an engine, and the hosts' own votes know nothing of them: claims are not carried over. Start it with the MESH_CLAIMS that it had. To do without the engine, release all addresses while it still has it, or start with an empty data directory.`;
  return { reason: 'membership_mismatch', message, hosts: [self] };
}

function joining(self: HostId): Obstacle {
  const message = `This host, '${self}', has lost its claim data, and claims nothing until the others have brought it in again. Should that not be done in a minute, they refuse its new key: 'mesh status' on them says so, and what helps.`;
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
  return meeting(membership) ?? disagreeing(membership) ?? waiting(membership, self);
}

/** A mesh was heard of, but this host can't take it over: it took part in forming another. */
function meeting({ greetings, succession }: Membership): Obstacle | undefined {
  const accepted = succession?.config;
  const host = [...greetings].find(([, { greeting }]) => greeting.mesh !== '' && greeting.mesh !== accepted?.mesh)?.[0];
  if (host === undefined || accepted === undefined || accepted === null) return undefined;
  const message = `Host '${host}' belongs to a mesh that formed without this host, while this host was forming one with ${list(electorsOf(accepted))}. When hosts.json is the same on every host, an operator may have this one join it: mesh join ${host}.`;
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
    .map((host) => `'${host}' goes by ${list(greetings.get(host)?.greeting.wish.voters ?? [])}`)
    .join('; ');
  const message = `The hosts do not agree on who votes: this host goes by ${list(wish.voters)}, but ${theirs}. Make the voters in hosts.json the same on every host.`;
  return { reason: 'membership_mismatch', message, hosts };
}

function waiting(membership: Membership, self: HostId): Obstacle | undefined {
  const { wish, greetings } = membership;
  const hosts = wish.voters.filter((voter) => voter !== self && !greetings.has(voter));
  if (hosts.length > 0) {
    const message = `The mesh has not formed yet: before the first claim, every voter must have been heard once, and ${list(hosts)} ${hosts.length === 1 ? 'has' : 'have'} not answered.${whyUnheard(membership, hosts)}`;
    return { reason: 'forming', message, hosts };
  }
  if (wish.voters.length === 1 && wish.voters[0] === self) return undefined;
  return {
    reason: 'forming',
    message: 'The mesh is forming: every voter was heard, and they are agreeing.',
    hosts: [],
  };
}

function list(hosts: readonly HostId[]): string {
  return hosts.length === 0 ? 'nobody' : hosts.join(', ');
}
