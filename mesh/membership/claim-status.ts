// What a host shows of its claims: whether one could succeed now, who votes, what the mesh is doing, and what differs between hosts.json and
// what is agreed. For `/ready`, `GET /api/hosts` and people; nothing is decided by it.

import type { HostId } from '../names.ts';
import { namesOf, obstacleTo, whyNoClaim } from '../operations/obstacles.ts';
import { countVotes } from '../operations/vote-count.ts';
import type { ClaimStatus } from '../state/claim-store.ts';
import { EVICTED, electorsOf, hostsOf, isForgetting, majorityOf, sameHosts } from '../state/config.ts';
import type { CoreState } from '../state/core-state.ts';
import { isGoneForGood, votersOf } from '../state/electorate.ts';
import {
  foreignersOf,
  freshGreeting,
  isConcerned,
  isJoining,
  isSameWish,
  type Membership,
} from '../state/membership.ts';
import { heardLatelyMs } from './greeted-hosts.ts';

/** What a host shows of who votes, and of what the mesh is doing. */
export interface MembershipView {
  /** 0 before the mesh has formed. */
  readonly epoch: number;
  /** By the configuration; before there is one, by hosts.json. */
  readonly voters: readonly HostId[];
  /** While the mesh moves: the old voters. */
  readonly from?: readonly HostId[];
  /** Whether this host has lost its data and waits until the mesh has moved to it. */
  readonly joining: boolean;
  /** Hosts that left, and since when: ISO 8601, UTC. Their addresses are free a day later. */
  readonly gone: Readonly<Record<HostId, string>>;
  /** Hosts that were evicted: nothing is theirs any more, whenever it was that they left. */
  readonly evicted: readonly HostId[];
  /** Hosts whose eviction is under way. */
  readonly evicting: readonly HostId[];
  /** What the mesh is doing, in a sentence. */
  readonly state: string;
  /** What differs between the hosts' files and the configuration, and which evictions are under way, a sentence each. */
  readonly notes: readonly string[];
  /** Registers that this host keeps as a voter; of these, those in which nobody has the address; and those dropped since the start. */
  readonly registers: { readonly kept: number; readonly released: number; readonly collected: number };
}

/** For `GET /api/hosts` and `mesh status`. */
export function membershipOf(state: CoreState): MembershipView {
  const { membership, registers, collection, nowMs } = state;
  const { config, move } = membership;
  const left = Object.entries(config?.gone ?? {}) as [HostId, string][];
  const rechosen = move?.left === undefined ? undefined : { done: move.done, all: move.keys.size };
  return {
    epoch: config?.epoch ?? 0,
    voters: config === undefined ? membership.wish.voters : hostsOf(config.voters),
    ...(config?.old === undefined ? {} : { from: hostsOf(config.old) }),
    joining: isJoining(membership),
    gone: Object.fromEntries(left.filter(([, since]) => since !== EVICTED)),
    evicted: left.flatMap(([host, since]) => (since === EVICTED ? [host] : [])),
    evicting: [...membership.evicting.keys()],
    state: stateSentence(state, rechosen),
    notes: [
      ...disagreements(membership, nowMs),
      ...[...membership.evicting.keys()].map((host) => evictionSentence(membership, host, nowMs)),
    ],
    registers: { kept: registers.size, released: collection.released.size, collected: collection.collected },
  };
}

/** How another host stands to this host's mesh. */
export interface Relation {
  /** The configuration names that host: its vote is needed, or it must hear that it left. */
  readonly isConcerned: boolean;
  /** The host left the mesh, and what it had is nobody's any more. */
  readonly isGoneForGood: boolean;
  /** The host last spoke of another mesh. */
  readonly isForeign: boolean;
}

/** For whoever decides whether a host is spoken with, or remembered, that hosts.json does not list. */
export function relationOf(state: CoreState, host: HostId): Relation {
  const { membership } = state;
  return {
    isConcerned: isConcerned(membership, host),
    isGoneForGood: isGoneForGood(state, host),
    isForeign: foreignersOf(membership).includes(host),
  };
}

/** What `/ready` says of the claims. */
export function statusOf(state: CoreState): ClaimStatus {
  const withinMs = heardLatelyMs(state.membership);
  const { required } = countVotes(state, withinMs);
  const base = { kind: 'quorum', voters: votersOf(state), required, unsettled: state.operations.size };
  const obstacle = whyNoClaim(state, withinMs);
  if (obstacle === undefined) return { ...base, ready: true };
  const { reason, message, hosts } = obstacle;
  return { ...base, ready: false, why: message, reason, hosts };
}

/** What differs between this host's wish, the wishes of the others and the configuration, a sentence each. */
function disagreements(membership: Membership, nowMs: number): readonly string[] {
  const { config, wish, greetings, self } = membership;
  if (config === undefined) return [];
  const notes: string[] = [];
  for (const [host, { greeting, atMs }] of greetings) {
    // The wish of a host that left, or is silent, keeps nobody waiting.
    if (nowMs - atMs > heardLatelyMs(membership) || isSameWish(greeting.wish, wish)) continue;
    if (greeting.mesh === config.mesh && wish.members.includes(host))
      notes.push(
        `hosts.json of '${host}' has voters ${namesOf(greeting.wish.voters)} and hosts ${namesOf(greeting.wish.members)}; here they are ${namesOf(wish.voters)} and ${namesOf(wish.members)}`,
      );
  }
  for (const host of foreignersOf(membership))
    notes.push(
      `host '${host}' belongs to another mesh, with owners of its own: 'npx mesh join ${host} --accept-loss' here, and on every other host of this mesh, makes them one`,
    );
  for (const [host, why] of membership.refusals) if (wish.members.includes(host)) notes.push(why);
  if (!sameHosts(hostsOf(config.voters), wish.voters) && notes.length === 0)
    notes.push(
      `hosts.json has voters ${namesOf(wish.voters)}, the mesh goes by ${namesOf(hostsOf(config.voters))} until all of the new and a majority of the old are heard${unheard(membership, nowMs)}`,
    );
  if (isJoining(membership)) notes.push(`'${self}' has lost its claim data and waits to be brought in again`);
  return notes;
}

/** What an eviction waits for, in some sentences. */
export function evictionSentence(membership: Membership, host: HostId, nowMs: number): string {
  const { config } = membership;
  const isGone = config?.gone[host] !== undefined;
  const silent = config === undefined ? [] : electorsOf(config).filter((voter) => isUnheard(membership, voter, nowMs));
  const cause = isGone
    ? 'once a majority of the voters has agreed'
    : 'once no hosts.json lists it and the mesh has moved without it';
  return `The addresses of '${host}' will be free ${cause}${silent.length === 0 ? '' : `; ${namesOf(silent)} was not heard lately`}. It goes on by itself, through restarts.`;
}

/** What the mesh is doing, in one sentence. */
function stateSentence(
  state: Pick<CoreState, 'membership' | 'registry'>,
  rechosen: { readonly done: number; readonly all: number } | undefined,
): string {
  const { config } = state.membership;
  if (config === undefined) return obstacleTo(state)?.message ?? 'The mesh forms with its first claim.';
  if (config.old === undefined) {
    const voters = hostsOf(config.voters);
    const names = namesOf(voters);
    const deciding = voters.length === 1 ? `${names} alone decides` : `${majorityOf(voters.length)} of ${names} decide`;
    return `Epoch ${config.epoch}: ${deciding}.`;
  }
  if (config.unanimous === true)
    return `Epoch ${config.epoch}: after a loss, ${namesOf(hostsOf(config.voters))} must agree, every one of them, until each address is chosen again.`;
  const progress = rechosen === undefined ? '' : ` ${rechosen.done} of ${rechosen.all} addresses are taken over.`;
  if (isForgetting(config))
    return `Epoch ${config.epoch}: the mesh forgets hosts that left, and chooses each address again.${progress}`;
  return `Epoch ${config.epoch}: the mesh moves from ${namesOf(hostsOf(config.old))} to ${namesOf(hostsOf(config.voters))}; a majority of both decides.${progress}`;
}

function isUnheard(membership: Membership, host: HostId, nowMs: number): boolean {
  return host !== membership.self && freshGreeting(membership, host, nowMs, heardLatelyMs(membership)) === undefined;
}

/** The part of a sentence that names the voters of hosts.json for which the mesh waits. */
function unheard(membership: Membership, nowMs: number): string {
  const { wish } = membership;
  const hosts = wish.voters.filter((host) => isUnheard(membership, host, nowMs));
  return hosts.length === 0 ? '' : `; ${namesOf(hosts)} was not heard lately`;
}
