// Bringing the mesh from the voters it has to those its operators wish for. Acts once every host of the new list, and a majority
// of the old voters, have lately said the same wish: first a joint configuration, in which a majority of both must decide; then
// every address that a majority of the old voters has a register of is chosen again under it; then the new voters alone.
// A voter that lost its disk is moved the same way, from its old incarnation to its new one. Any host takes over from a mover that
// died: what it did is in the epoch, and doing it twice is harmless. It never goes back: a joint mesh needs a majority of both.
import { MOVER_RANK_MS, RECHOOSING_AT_ONCE_MAX } from '../limits.ts';
import type { AddressKey, HostId } from '../names.ts';
import {
  type Config,
  electorsOf,
  hostsOf,
  isEverybody,
  isMajority,
  sameHosts,
  sameVoters,
  type VoteKey,
  type Voters,
  voteKey,
} from './config.ts';
import { withEvictions } from './eviction.ts';
import { freshGreeting, isSameWish, type Membership } from './membership.ts';

/** A move that this host has seen to be due, or is carrying out. */
export interface Move {
  readonly sinceMs: number;
  /** While joint: what the old voters have told of their registers. */
  readonly told: Map<VoteKey, { after: string; complete: boolean; askedAtMs: number }>;
  readonly keys: Set<AddressKey>;
  /** Of `keys`, those not begun yet; made when enough was told. */
  left: AddressKey[] | undefined;
  /** Operations that choose keys again, and how many each. */
  readonly rechoosing: Map<number, number>;
  done: number;
}

export function createMove(nowMs: number): Move {
  return { sinceMs: nowMs, told: new Map(), keys: new Set(), left: undefined, rechoosing: new Map(), done: 0 };
}

/** The first configuration, when every voter wished for was heard and wishes the same. */
export function firstTarget(membership: Membership, nowMs: number): Voters | undefined {
  const { wish, self, config } = membership;
  if (config !== undefined || !wish.voters.includes(self)) return undefined;
  return votersWished(membership, nowMs, (greeting) => greeting.mesh === '');
}

/**
 * The next configuration, when one is due: joint, when other voters are wished for or one has another incarnation; else only the
 * members differ. `nowIso`: by the wall clock, for those who go.
 */
export function nextConfig(membership: Membership, nowMs: number, nowIso: string): Config | undefined {
  const { config } = membership;
  if (config === undefined || config.old !== undefined) return undefined;
  return wishedConfig(membership, config, nowMs, nowIso) ?? evictedConfig(membership, config);
}

function wishedConfig(membership: Membership, config: Config, nowMs: number, nowIso: string): Config | undefined {
  const { wish } = membership;
  if (wish.voters.length === 0 || !hasMandate(membership, config, nowMs)) return undefined;
  const voters = votersWished(
    membership,
    nowMs,
    (greeting) => greeting.mesh === config.mesh && greeting.epoch === config.epoch,
  );
  if (voters === undefined) return undefined;
  const isSame = sameVoters(voters, config.voters);
  const gone = goneAfter(config, membership, nowIso);
  if (isSame && sameHosts(config.members, wish.members)) return undefined;
  const next: Config = { ...config, epoch: config.epoch + 1, voters, members: wish.members, gone };
  return isSame ? next : { ...next, old: config.voters };
}

/** The same voters and members: an operator's word about a host that left waits for no voter who is away, and for no file. */
function evictedConfig(membership: Membership, config: Config): Config | undefined {
  const gone = withEvictions(config.gone, membership);
  const isEviction = hostsGone(gone).some((host) => config.gone[host] !== gone[host]);
  return isEviction ? { ...config, epoch: config.epoch + 1, gone } : undefined;
}

/** The configuration that ends a move. */
export function settledConfig({ old: _, unanimous: __, ...config }: Config): Config {
  return { ...config, epoch: config.epoch + 1 };
}

/** Whether it is this host's turn to act on what is due since `sinceMs`: one after the other, should those before be silent. */
export function isItsTurn({ self, config, wish }: Membership, sinceMs: number, nowMs: number): boolean {
  const electors = config === undefined ? [] : electorsOf(config);
  const candidates = [...new Set([...electors, ...wish.voters])].sort();
  const rank = candidates.indexOf(self);
  return rank >= 0 && nowMs - sinceMs >= rank * MOVER_RANK_MS;
}

/** The old voters that should be asked for (more of) their keys now. */
export function toAskForKeys(move: Move, config: Config, nowMs: number): readonly (readonly [HostId, string])[] {
  if (move.left !== undefined) return [];
  const asks: (readonly [HostId, string])[] = [];
  for (const host of hostsOf(config.old ?? {})) {
    const vote = voteKey(host, config.old?.[host] ?? '');
    const told = move.told.get(vote) ?? { after: '', complete: false, askedAtMs: -Infinity };
    if (told.complete || nowMs - told.askedAtMs < MOVER_RANK_MS) continue;
    move.told.set(vote, { ...told, askedAtMs: nowMs });
    asks.push([host, told.after]);
  }
  return asks;
}

/** Takes one page of an old voter's keys. Once a majority of them has told all, what is `left` to be chosen again is known. */
export function takeKeys(
  move: Move,
  config: Config,
  vote: VoteKey,
  page: { readonly keys: readonly AddressKey[]; readonly more: boolean },
  haveToldEnough: typeof isMajority,
): void {
  const told = move.told.get(vote);
  if (told === undefined || move.left !== undefined) return;
  for (const key of page.keys) move.keys.add(key);
  told.after = page.keys.at(-1) ?? told.after;
  told.complete = !page.more;
  told.askedAtMs = -Infinity;
  const complete = new Set([...move.told].filter(([, { complete }]) => complete).map(([voter]) => voter));
  const enough = config.unanimous === true ? isEverybody : haveToldEnough;
  if (enough(config.old ?? {}, complete)) move.left = [...move.keys];
}

/** The next keys to be chosen again, as many as there is room for; empty when there are none, or no room. */
export function nextKeys(move: Move, count: number): readonly AddressKey[] {
  let under = 0;
  for (const many of move.rechoosing.values()) under += many;
  if (move.left === undefined || under + count > RECHOOSING_AT_ONCE_MAX) return [];
  return move.left.splice(0, count);
}

export function isRechosen(move: Move): boolean {
  return move.left?.length === 0 && move.rechoosing.size === 0;
}

/** Incarnations of all voters wished for, when each has lately said the same wish and stands where `isFit` asks. */
function votersWished(
  membership: Membership,
  nowMs: number,
  isFit: (greeting: { readonly mesh: string; readonly epoch: number }) => boolean,
): Voters | undefined {
  const { wish, self, starts } = membership;
  const voters: Record<HostId, string> = {};
  for (const host of wish.voters) {
    if (host === self) {
      if (starts.withdrawnOnWordOf !== undefined) return undefined;
      voters[host] = starts.own.data;
      continue;
    }
    const greeting = freshGreeting(membership, host, nowMs);
    if (greeting === undefined || !isSameWish(greeting.wish, wish) || !isFit(greeting)) return undefined;
    voters[host] = greeting.incarnation;
  }
  return voters;
}

/** Whether a majority of the present voters wishes the same as this host. A voter that lost its disk has no say in it. */
function hasMandate(membership: Membership, config: Config, nowMs: number): boolean {
  const { self, starts, wish } = membership;
  const agreeing = new Set<VoteKey>([voteKey(self, starts.own.data)]);
  for (const host of hostsOf(config.voters)) {
    const greeting = freshGreeting(membership, host, nowMs);
    if (greeting !== undefined && isSameWish(greeting.wish, wish)) agreeing.add(voteKey(host, greeting.incarnation));
  }
  return isMajority(config.voters, agreeing);
}

function goneAfter(config: Config, membership: Membership, nowIso: string): Config['gone'] {
  const { wish } = membership;
  const gone: Record<HostId, string> = {};
  for (const [host, since] of Object.entries(config.gone) as [HostId, string][])
    if (!wish.members.includes(host)) gone[host] = since;
  for (const host of config.members) if (!wish.members.includes(host)) gone[host] ??= nowIso;
  return withEvictions(gone, membership);
}

function hostsGone(gone: Config['gone']): readonly HostId[] {
  return Object.keys(gone) as HostId[];
}
