// What this host knows of who votes: what was agreed (config.ts), what its operator wishes for (hosts.json), and what the other
// hosts last said of both. A host without a configuration takes over the one of a mesh that it hears of; a host whose
// configuration names another incarnation of it has lost its data, and waits to be brought in again.
// It changes nothing by itself: move.ts decides when the mesh moves, succession.ts how.

import { CLAIM_VERSION, type Greeting, type Wish } from '../claims/messages.ts';
import { FRESH_GREETING_MS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { type Config, electorsOf, hostsOf, isLater, isVoter, sameHosts, voteKey } from './config.ts';
import { type Evictions, evictionsTold } from './eviction.ts';
import type { Starts } from './starts.ts';
import type { SuccessionRecord } from './succession.ts';

interface Heard {
  readonly greeting: Greeting;
  /** By this host's monotonic clock. */
  readonly atMs: number;
}

export interface Membership {
  readonly self: HostId;
  /** Which start of which data this host is, and what others know of that. */
  readonly starts: Starts;
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
  const { config, self, starts } = membership;
  if (config === undefined || starts.withdrawnOnWordOf !== undefined || isHearingFirst(membership)) return false;
  return isVoter(config, self, starts.own.data);
}

/** Whether this host, just started, has still to hear whether its data is old before it votes on it (step 13). */
export function isHearingFirst({ config, starts }: Membership): boolean {
  return config !== undefined && !starts.hasHeardElectors && electorsOf(config).length > 1;
}

/** Whether the configuration names this host on other data than it has: that data was lost. */
export function isJoining({ config, self, starts }: Membership): boolean {
  const named = config?.voters[self];
  return named !== undefined && named !== starts.own.data;
}

/** Whether this host alone votes: then its own word is a majority. */
export function isAlone({ config, self, starts }: Membership): boolean {
  if (config === undefined || config.old !== undefined || starts.withdrawnOnWordOf !== undefined) return false;
  const hosts = hostsOf(config.voters);
  return hosts.length === 1 && config.voters[self] === starts.own.data;
}

/** Whether hosts.json wishes for this host as the only voter. */
export function wishesAlone({ wish, self }: Membership): boolean {
  return wish.voters.length === 1 && wish.voters[0] === self;
}

/** Looks whether the electors were heard by now (step 13); once they were, it stays so. */
export function noteElectorsHeard({ config, self, greetings, starts }: Membership): void {
  const others = config === undefined ? [] : electorsOf(config).filter((host) => host !== self);
  starts.hasHeardElectors ||= starts.isHearingOver ? greetings.size > 0 : others.every((host) => greetings.has(host));
}

/** What this host says of itself to `to`. */
export function greetingTo(membership: Membership, to: HostId): Greeting {
  const { config, wish, starts } = membership;
  const { own, names, votesTold, withdrawnOnWordOf } = starts;
  const theirs = membership.greetings.get(to)?.greeting.incarnation;
  const seen = theirs === undefined ? undefined : starts.seen.get(voteKey(to, theirs));
  const evicting = evictionsTold(membership);
  return {
    version: CLAIM_VERSION,
    about: 'greeting',
    mesh: config?.mesh ?? '',
    epoch: config?.epoch ?? 0,
    incarnation: own.data,
    wish,
    life: own.number,
    boot: own.name,
    boots: names,
    votes: votesTold,
    ...(withdrawnOnWordOf === undefined ? {} : { standsBack: true }),
    ...(config === undefined ? {} : { config }),
    ...(evicting === undefined ? {} : { evicting }),
    ...(theirs === undefined || seen === undefined
      ? {}
      : { you: { incarnation: theirs, life: seen.number, boot: seen.name, votes: seen.votes } }),
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
