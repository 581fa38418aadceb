// Which configuration is due to follow the present one, and whose turn it is to propose it (steps 2, 4, 5, 10 and 11 of README.md). Pure.
// Only what hosts have lately said counts: a host that is silent holds a move up, and no claim.

import { HOSTS_MAX } from '../limits.ts';
import type { HostId } from '../names.ts';
import { type Ballot, newerBallot } from '../register/ballot.ts';
import {
  type Config,
  EVICTED,
  electorsOf,
  hostsOf,
  isEvicted,
  isForgetting,
  isMajority,
  sameHosts,
  sameVoters,
  type VoteKey,
  type Voters,
  voteKey,
} from '../state/config.ts';
import { GONE_GRACE_MS } from '../state/electorate.ts';
import { freshGreeting, isSameWish, type Membership } from '../state/membership.ts';
import { guestsLeft } from './guests.ts';

/** The n-th host that could move the mesh waits this long for each host before it, so that two seldom try at once (step 4). */
export const MOVER_RANK_MS = 1_000;
/** How many times as long a host waits, and its proposal is given, after however many setbacks. */
const PATIENCE_MAX = 8;
/** Hosts that left for good and that a configuration still names: above so many, the mesh looks for what they left, and forgets them (step 10). */
export const GONE_KEPT_MAX = 64;
/** How often the mesh forgets hosts, at most. */
const FORGETTING_INTERVAL_MS = 24 * 60 * 60 * 1_000;

/** The voters of the first configuration, when each voter wished for was heard, wishes the same, and is in no mesh (step 2). */
export function firstVoters(membership: Membership, nowMs: number): Voters | undefined {
  const { wish, self, config } = membership;
  if (config !== undefined || !wish.voters.includes(self)) return undefined;
  return votersWished(membership, nowMs, (greeting) => greeting.mesh === '');
}

/**
 * The next configuration, when one is due (steps 4 and 5). A joint one when other voters are wished for, or one of them has other data;
 * else one with the same voters. `nowIso`: by the wall clock, as the moment in which hosts leave.
 */
export function nextConfig(membership: Membership, nowMs: number, nowIso: string): Config | undefined {
  const { config } = membership;
  if (config === undefined || config.old !== undefined) return undefined;
  return (
    wishedConfig(membership, config, nowMs, nowIso) ??
    evictedConfig(membership, config) ??
    forgettingConfig(membership, config, nowMs, nowIso)
  );
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
  const guests = guestsLeft(membership);
  if (isSame && sameHosts(config.members, wish.members) && guests.length === 0) return undefined;
  const gone = goneAfter(config, membership, guests, nowIso);
  // So many hosts left within a day that no host could read a configuration which names them all.
  if (hostsGone(gone).length > HOSTS_MAX) return undefined;
  const next: Config = { ...config, epoch: config.epoch + 1, voters, members: wish.members, gone };
  return isSame ? next : { ...next, old: config.voters };
}

/** Step 11. Voters and members stay: an eviction waits for no voter that is away, and for no file. */
function evictedConfig(membership: Membership, config: Config): Config | undefined {
  const gone = withEvictions(config.gone, membership);
  const isEviction = hostsGone(gone).some((host) => config.gone[host] !== gone[host]);
  return isEviction ? { ...config, epoch: config.epoch + 1, gone } : undefined;
}

/**
 * Step 10. The voters stay, and choose every address again, so that none is left to hosts that left for good. Every voter must be there, for
 * any of them may alone know of a claim.
 */
function forgettingConfig(membership: Membership, config: Config, nowMs: number, nowIso: string): Config | undefined {
  const { self, starts, forgotAtMs } = membership;
  const isOver = (since: string) => Date.parse(nowIso) - Date.parse(since) >= GONE_GRACE_MS;
  const over = hostsGone(config.gone).filter((host) => isOver(config.gone[host] ?? nowIso));
  if (over.length <= GONE_KEPT_MAX || nowMs - forgotAtMs < FORGETTING_INTERVAL_MS) return undefined;
  const isHere = (host: HostId) => {
    if (host === self) return config.voters[host] === starts.own.data;
    const greeting = freshGreeting(membership, host, nowMs);
    return greeting?.mesh === config.mesh && greeting.incarnation === config.voters[host];
  };
  if (!hostsOf(config.voters).every(isHere)) return undefined;
  const gone = { ...config.gone, ...Object.fromEntries(over.map((host) => [host, EVICTED])) };
  return { ...config, epoch: config.epoch + 1, old: config.voters, gone };
}

/** What an old voter told, as far as it matters for the end of a move. */
interface ToldByOld {
  /** The highest floor among the old voters that told their keys. */
  readonly floor: Ballot | null;
  /** Whether every one of them told all. */
  readonly isWhole: boolean;
}

/** The configuration that ends a move (step 9). */
export function settledConfig(joint: Config, { floor, isWhole }: ToldByOld): Config {
  const { old: _, unanimous: __, ...config } = joint;
  const epoch = config.epoch + 1;
  const highest = newerBallot(config.floor ?? null, floor);
  const settled = [...(config.settled ?? []), epoch].slice(-2);
  const gone = isForgetting(joint) && isWhole ? withoutEvicted(joint) : config.gone;
  return { ...config, epoch, gone, settled, ...(highest === null ? {} : { floor: highest }) };
}

/** How much more time a proposal is given, and those that come before this host: twice as much after each that came to nothing (step 4). */
export function patienceOf({ setbacks }: Pick<Membership, 'setbacks'>): number {
  return Math.min(PATIENCE_MAX, 2 ** setbacks.count);
}

/**
 * Whether it is this host's turn to do what has been due since `sinceMs`: one host after the other, should those before it be silent. After a
 * setback all begin to wait again, for longer.
 */
export function isItsTurn(membership: Membership, sinceMs: number, nowMs: number): boolean {
  const { self, config, wish, setbacks } = membership;
  const electors = config === undefined ? [] : electorsOf(config);
  const candidates = [...new Set([...electors, ...wish.voters])].sort();
  const rank = candidates.indexOf(self);
  const waitedMs = nowMs - Math.max(sinceMs, setbacks.atMs);
  return rank >= 0 && waitedMs >= rank * MOVER_RANK_MS * patienceOf(membership);
}

/** All voters wished for, on the data that they have, when each has lately said the same wish and stands where `isFit` asks. */
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

/** Whether a majority of the present voters wishes the same as this host. A voter that lost its data has no say in it. */
function hasMandate(membership: Membership, config: Config, nowMs: number): boolean {
  const { self, starts, wish } = membership;
  const agreeing = new Set<VoteKey>([voteKey(self, starts.own.data)]);
  for (const host of hostsOf(config.voters)) {
    const greeting = freshGreeting(membership, host, nowMs);
    if (greeting !== undefined && isSameWish(greeting.wish, wish)) agreeing.add(voteKey(host, greeting.incarnation));
  }
  return isMajority(config.voters, agreeing);
}

/** Since when hosts are gone, once this host's wish is carried out. `guests`: those that leave. */
function goneAfter(config: Config, membership: Membership, guests: readonly HostId[], nowIso: string): Config['gone'] {
  const wished = new Set(membership.wish.members);
  const gone: Record<HostId, string> = {};
  for (const [host, since] of Object.entries(config.gone) as [HostId, string][])
    if (!wished.has(host)) gone[host] = since;
  for (const host of [...config.members, ...guests]) if (!wished.has(host)) gone[host] ??= nowIso;
  return withEvictions(gone, membership);
}

/** The hosts that are gone, those evicted that an operator evicted for this very leaving. */
function withEvictions(gone: Config['gone'], { evicting }: Membership): Config['gone'] {
  const after = { ...gone };
  for (const [host, since] of evicting) if (since !== null && gone[host] === since) after[host] = EVICTED;
  return after;
}

/** The hosts that are gone and may still have addresses. */
function withoutEvicted(config: Config): Config['gone'] {
  const left = Object.entries(config.gone).filter(([host]) => !isEvicted(config, host as HostId));
  return Object.fromEntries(left) as Config['gone'];
}

function hostsGone(gone: Config['gone']): readonly HostId[] {
  return Object.keys(gone) as HostId[];
}
