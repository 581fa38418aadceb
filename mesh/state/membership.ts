// What this host knows of who votes: the configuration that the mesh agreed on, what this host's operator wishes for, what the other hosts
// last said of both, and what this host is doing about it. Terms and steps: membership/README.md.
// Nothing is decided here: membership/next-config.ts says which configuration is due, succession.ts has it chosen, move.ts carries it out.

import { GREETING_INTERVAL_MS } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import type { Ballot } from '../register/ballot.ts';
import { type Config, electorsOf, hostsOf, isLater, isVoter, sameHosts, type VoteKey } from './config.ts';
import type { Greeting, Wish } from './messages.ts';
import type { Starts } from './starts.ts';

/** How long the last greeting of a host counts when the mesh is to be moved. */
export const FRESH_GREETING_MS_MAX = 2.5 * GREETING_INTERVAL_MS;

interface Heard {
  readonly greeting: Greeting;
  /** By this host's monotonic clock. */
  readonly atMs: number;
}

/** A voter's vote on the configuration that follows `epoch`. Stored as it is; void once the voter is in a later epoch. */
export interface SuccessionRecord {
  readonly epoch: number;
  readonly promised: Ballot;
  readonly accepted: Ballot | null;
  readonly config: Config | null;
  /** Other first configurations that the voter accepted before: each may have been chosen. Oldest first. */
  readonly past?: readonly Config[] | undefined;
}

/** An attempt to have `wanted` follow `from`. Only succession.ts writes to it. */
export interface ConfigProposal {
  /** Absent: the first configuration is to be made. */
  readonly from: Config | undefined;
  readonly wanted: Config;
  /** The ballot's number. */
  readonly n: number;
  phase: 'preparing' | 'accepting';
  /** What the voters are asked to accept: `wanted`, or what an earlier proposal binds this one to. */
  proposed: Config;
  readonly promises: Map<VoteKey, Pick<SuccessionRecord, 'accepted' | 'config' | 'past'>>;
  readonly accepts: Set<VoteKey>;
  /** Who answered at all, as the voter that it is now. */
  readonly present: Set<VoteKey>;
}

/** A move that this host has seen to be due, or carries out. Only move.ts writes to it. */
export interface Move {
  readonly sinceMs: number;
  /** While the configuration is joint: how far each old voter has told its keys. `after`: the last key heard. */
  readonly told: Map<VoteKey, { after: string; complete: boolean; askedAtMs: number }>;
  /** Every key that was told. */
  readonly keys: Set<AddressKey>;
  /** Highest floor that was told with them. */
  floor: Ballot | null;
  /** The `keys` that are not begun yet; absent until enough old voters have told all of theirs. */
  left: AddressKey[] | undefined;
  /** Operations under way that choose keys again, with the number of their keys. */
  readonly rechoosing: Map<number, number>;
  /** How many keys are chosen again. */
  done: number;
}

/** Hosts to be evicted, and since when each is gone; `null`: it was a member still when an operator asked for it, and nobody is told yet. */
type Evictions = Map<HostId, string | null>;

/** No proposal came to nothing yet. */
export const NO_SETBACKS: Membership['setbacks'] = { count: 0, atMs: Number.NEGATIVE_INFINITY };

/** Changed in place, and only by the core (claims/core.ts). */
export interface Membership {
  readonly self: HostId;
  /** Which start of which data this host is, and what others know of that. */
  readonly starts: Starts;
  /** This host's hosts.json. */
  wish: Wish;
  /** Since when it lists these hosts, by this host's monotonic clock; or since this start. */
  listedAtMs: number;
  config: Config | undefined;
  /** This host's vote on what follows `config`. */
  succession: SuccessionRecord | undefined;
  /** The last greeting of each host. */
  readonly greetings: Map<HostId, Heard>;
  /** The name of what this host says of itself, and the parts that it was made of. Only membership/profile.ts writes to it. */
  profile: { readonly name: string; readonly parts: readonly unknown[] } | undefined;
  /** Why hosts last refused this host's greeting, a sentence each. A host that answered, or was silent, has none. */
  readonly refusals: Map<HostId, string>;
  /** Whether no round of greetings is to come, for there is nobody to greet. */
  isResting: boolean;
  /** When each host that is behind was last greeted for it. */
  readonly nudgedAtMs: Map<HostId, number>;
  readonly evicting: Evictions;
  /** Hosts that have an address by this host's vote and that the configuration does not name. Only membership/guests.ts writes to it. */
  readonly guests: Set<HostId>;
  /** Operators that wait for an eviction: the host, by operation. */
  readonly evictionsAwaited: Map<number, HostId>;
  /** This host's proposal of the next configuration, and since when it is under way. */
  proposing: { readonly proposal: ConfigProposal; readonly sinceMs: number } | undefined;
  /** Proposals of this host that came to nothing since it went by `config`, and when the last one did. Only membership/succession.ts writes to it. */
  setbacks: { readonly count: number; readonly atMs: number };
  /** The first configuration that could not be chosen when it was last tried, by its mesh. */
  stuckWith: string | undefined;
  move: Move | undefined;
  /** When this host last went by a configuration under which hosts are forgotten. */
  forgotAtMs: number;
  /** The keys that this host tells a mover, as they were when it was first asked in `epoch`; in order. */
  keysTold: { readonly epoch: number; readonly keys: readonly AddressKey[] } | undefined;
}

/** What this host knows when it starts: what it has stored. */
export function createMembership(
  known: Pick<Membership, 'self' | 'starts' | 'wish' | 'config' | 'succession' | 'evicting' | 'guests'>,
): Membership {
  return {
    ...known,
    listedAtMs: 0,
    greetings: new Map(),
    profile: undefined,
    refusals: new Map(),
    isResting: false,
    nudgedAtMs: new Map(),
    evictionsAwaited: new Map(),
    proposing: undefined,
    setbacks: NO_SETBACKS,
    stuckWith: undefined,
    move: undefined,
    forgotAtMs: Number.NEGATIVE_INFINITY,
    keysTold: undefined,
  };
}

/** Whether both name the same voters and the same members. */
export function isSameWish(one: Wish, other: Wish): boolean {
  return sameHosts(one.voters, other.voters) && sameHosts(one.members, other.members);
}

/**
 * Whether the configuration names that host, or must yet: its vote is needed, or it must hear that it left. hosts.json, which each operator
 * edits at another time, does not decide whom this host speaks with about claims.
 */
export function isConcerned({ config, guests }: Membership, host: HostId): boolean {
  if (config === undefined) return false;
  return (
    guests.has(host) ||
    config.gone[host] !== undefined ||
    config.members.includes(host) ||
    electorsOf(config).includes(host)
  );
}

/** Whether this host's votes count under the configuration. */
export function mayVote(membership: Membership): boolean {
  const { config, self, starts } = membership;
  if (config === undefined || starts.withdrawnOnWordOf !== undefined || isHearingFirst(membership)) return false;
  return isVoter(config, self, starts.own.data);
}

/** Whether this host, just started, must still hear whether its data is an older copy, before it votes on that data (step 13). */
export function isHearingFirst({ config, starts }: Membership): boolean {
  return config !== undefined && !starts.hasHeardElectors && electorsOf(config).length > 1;
}

/** Looks whether the electors were heard by now (step 13); once they were, it stays so. */
export function noteElectorsHeard({ config, self, greetings, starts }: Membership): void {
  const others = config === undefined ? [] : electorsOf(config).filter((host) => host !== self);
  starts.hasHeardElectors ||= starts.isHearingOver ? greetings.size > 0 : others.every((host) => greetings.has(host));
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

/** Whether this host knows of no other host, in its mesh or by its hosts.json: then it waits for nobody. */
export function knowsNobody({ config, wish, self }: Membership): boolean {
  const agreed = config === undefined ? [] : [...config.members, ...electorsOf(config), ...Object.keys(config.gone)];
  return config?.old === undefined && [...wish.voters, ...wish.members, ...agreed].every((host) => host === self);
}

/** Whether hosts.json wishes for this host as the only voter. */
export function wishesAlone({ wish, self }: Membership): boolean {
  return wish.voters.length === 1 && wish.voters[0] === self;
}

/** The last greeting of `host`, when it came within the last `withinMs`. This host itself has none. */
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
 * Whether this host may adopt a configuration that another host told it (step 3). Nobody need be asked: configurations travel only after
 * they were chosen. `pristine`: this host holds no register and no address, so nothing of it can contradict that mesh.
 */
export function mayAdopt(membership: Membership, config: Config, pristine: boolean): boolean {
  if (membership.config !== undefined) return isLater(config, membership.config);
  const accepted = membership.succession?.config;
  return pristine && (accepted === undefined || accepted === null || accepted.mesh === config.mesh);
}

/** Whether `mesh` is what this configuration was recovered from: its hosts will adopt this one. */
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
