// What this host knows of who votes: what was agreed (config.ts), what its operator wishes for (hosts.json), and what the other
// hosts last said of both. A host without a configuration takes over the one of a mesh that it hears of; a host whose
// configuration names another incarnation of it has lost its data, and waits to be brought in again.
// It changes nothing by itself: move.ts decides when the mesh moves, succession.ts how.

import type { Boots, Life } from '../claims/claim-records.ts';
import { CLAIM_VERSION, type Greeting, type Wish } from '../claims/messages.ts';
import { FRESH_GREETING_MS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { type Config, electorsOf, hostsOf, isLater, isVoter, sameHosts, type VoteKey, voteKey } from './config.ts';
import { type Evictions, evictionsTold } from './eviction.ts';
import type { SuccessionRecord } from './succession.ts';

interface Heard {
  readonly greeting: Greeting;
  /** By this host's monotonic clock. */
  readonly atMs: number;
}

export interface Membership {
  readonly self: HostId;
  /** Made when this host's claim state was created. */
  incarnation: string;
  /** How often this host was started on this state, this time included. */
  life: number;
  /** Tells this start from any other. */
  readonly boot: string;
  /** Those before it too. */
  boots: Boots;
  /** Votes cast on this state, as far as others were told; durable. */
  votes: number;
  /** The same, when this start began. */
  readonly votesAtStart: number;
  wish: Wish;
  config: Config | undefined;
  /** This host's vote on what follows `config`. */
  succession: SuccessionRecord | undefined;
  /** The last greeting of each host. */
  readonly greetings: Map<HostId, Heard>;
  /** What hosts last had against being greeted by this one, a sentence each; of those that were silent, or answered, there is none. */
  readonly refusals: Map<HostId, string>;
  /** Hosts whose addresses an operator wants to be free at once (eviction.ts). */
  readonly evicting: Evictions;
  /** Whether a peer has heard of this very start. */
  isAcknowledged: boolean;
  /** Whether the other voters were heard since this start, or those that answered in time: they would have said that this host's data is old. */
  hasMet: boolean;
  /** Whether that time is over. */
  isLate: boolean;
  /** Set when somebody saw this incarnation in the same life, but in another start: the data directory is in use twice. */
  outlivedSince: HostId | undefined;
}

export function isSameWish(one: Wish, other: Wish): boolean {
  return sameHosts(one.voters, other.voters) && sameHosts(one.members, other.members);
}

/**
 * Whether what was agreed names that host: its vote is needed, or it must hear that it left. hosts.json alone, which each operator
 * edits at another time, does not decide whom this host speaks with about claims.
 */
export function isConcerned({ config }: Membership, host: HostId): boolean {
  if (config === undefined) return false;
  return config.gone[host] !== undefined || config.members.includes(host) || electorsOf(config).includes(host);
}

/** Whether this host's votes count under what was agreed. */
export function mayVote(membership: Membership): boolean {
  const { config, self, incarnation, outlivedSince } = membership;
  if (config === undefined || outlivedSince !== undefined || isWaitingToMeet(membership)) return false;
  return isVoter(config, self, incarnation);
}

/** Whether this host, just started, has still to hear whether its data is old before it votes on it. */
export function isWaitingToMeet({ config, hasMet }: Membership): boolean {
  return config !== undefined && !hasMet && electorsOf(config).length > 1;
}

/** Whether what was agreed names another incarnation of this host: its data was lost. */
export function isJoining({ config, self, incarnation }: Membership): boolean {
  const named = config?.voters[self];
  return named !== undefined && named !== incarnation;
}

/** Whether this host alone votes: then its own word is a majority. */
export function isAlone({ config, self, incarnation, outlivedSince }: Membership): boolean {
  if (config === undefined || config.old !== undefined || outlivedSince !== undefined) return false;
  const hosts = hostsOf(config.voters);
  return hosts.length === 1 && config.voters[self] === incarnation;
}

/** Whether hosts.json wishes for this host as the only voter. */
export function wishesAlone({ wish, self }: Membership): boolean {
  return wish.voters.length === 1 && wish.voters[0] === self;
}

/** Looks whether it has met them now. */
export function meet(membership: Membership): void {
  const { config, self, greetings, isLate } = membership;
  const others = config === undefined ? [] : electorsOf(config).filter((host) => host !== self);
  membership.hasMet ||= isLate ? greetings.size > 0 : others.every((host) => greetings.has(host));
}

/** What this host says of itself to `to`. */
export function greetingTo(membership: Membership, to: HostId, lives: ReadonlyMap<VoteKey, Life>): Greeting {
  const { config, incarnation, wish, life, boot, boots, votes, outlivedSince } = membership;
  const theirs = membership.greetings.get(to)?.greeting.incarnation;
  const who = theirs === undefined ? undefined : voteKey(to, theirs);
  const seen = who === undefined ? undefined : lives.get(who);
  const evicting = evictionsTold(membership);
  return {
    version: CLAIM_VERSION,
    about: 'greeting',
    mesh: config?.mesh ?? '',
    epoch: config?.epoch ?? 0,
    incarnation,
    wish,
    life,
    boot,
    boots,
    votes,
    ...(outlivedSince === undefined ? {} : { standsBack: true }),
    ...(config === undefined ? {} : { config }),
    ...(evicting === undefined ? {} : { evicting }),
    ...(theirs === undefined || seen === undefined ? {} : { you: { incarnation: theirs, ...seen } }),
  };
}

/** The last greeting of `host`, when it is not old; this host's own view of itself needs none. */
export function freshGreeting(
  { greetings }: Membership,
  host: HostId,
  nowMs: number,
  withinMs = FRESH_GREETING_MS_MAX,
): Greeting | undefined {
  const heard = greetings.get(host);
  return heard !== undefined && nowMs - heard.atMs <= withinMs ? heard.greeting : undefined;
}

/**
 * Whether this host may go by a configuration that another told it, without asking anybody: configurations travel only after they
 * were chosen. `pristine`: it holds no register and no address, so nothing of it can contradict that mesh.
 */
export function mayAdopt(membership: Membership, config: Config, pristine: boolean): boolean {
  if (membership.config !== undefined) return isLater(config, membership.config);
  const accepted = membership.succession?.config;
  return pristine && (accepted === undefined || accepted === null || accepted.mesh === config.mesh);
}

/** Whether that mesh is what this one was before an operator's word: its hosts will follow. */
function hasRecoveredFrom({ after }: Config, mesh: string): boolean {
  return after?.some((before) => before.mesh === mesh) ?? false;
}

/** Hosts that go by another mesh than this one, as they last said. */
export function foreignersOf({ config, greetings }: Membership): readonly HostId[] {
  if (config === undefined) return [];
  return [...greetings]
    .filter(
      ([, { greeting }]) =>
        greeting.mesh !== '' && greeting.mesh !== config.mesh && !hasRecoveredFrom(config, greeting.mesh),
    )
    .map(([id]) => id);
}
