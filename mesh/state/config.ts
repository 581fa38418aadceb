// What the mesh has agreed on: who votes, in which epoch. hosts.json is each operator's wish; quorums use the configuration alone. A joint
// configuration (`old` beside `voters`) needs a majority of both. So its quorums meet those of the configuration before it and of the one
// after it, and what was chosen under one is seen under the next. Terms and steps: membership/README.md.
// A configuration does not say which hosts are up: greetings do.

import { createHash } from 'node:crypto';
import type { HostId } from '../names.ts';
import type { Ballot } from '../register/ballot.ts';

/** Recoveries by an operator that a configuration remembers (step 18): hosts that missed more of them must join by hand. */
export const RECOVERIES_REMEMBERED = 8;

/** The voting hosts, each with the name of the data that it votes on. */
export type Voters = Readonly<Record<HostId, string>>;

/** Agreed by votes, stored as it is, and told to every host. Epochs, voters and members of a mesh change only by another one of these. */
export interface Config {
  /** Name of the mesh: 32 hex digits, a hash of its first voters. Two meshes that formed apart have different names. */
  readonly mesh: string;
  /** 1 for the first configuration, then one more with each. */
  readonly epoch: number;
  readonly voters: Voters;
  /** While the mesh moves: the voters of the configuration before. */
  readonly old?: Voters;
  /** After a recovery (step 18), until every address is chosen again: all voters must agree, for any of them may alone know of a claim. */
  readonly unanimous?: true;
  /** All hosts of the mesh, sorted; the voters are among them. */
  readonly members: readonly HostId[];
  /** Hosts that left, and since when: ISO 8601, UTC. Of evicted hosts, `EVICTED`. */
  readonly gone: Readonly<Record<HostId, string>>;
  /** The configurations that operators recovered this mesh from (step 18); oldest first, the last `RECOVERIES_REMEMBERED` of them. */
  readonly after?: readonly { readonly mesh: string; readonly epoch: number }[];
  /** Highest floor that the voters before had (register/README.md, step 11); absent while nothing was collected. No voter's is lower. */
  readonly floor?: Ballot;
  /** Epochs that ended the last two moves, the earlier one first: since then the present voters vote, and the ones before them. */
  readonly settled?: readonly number[];
}

/** Since when an evicted host is gone: so long that its addresses are free at once. */
export const EVICTED = '1970-01-01T00:00:00.000Z';

/** Whether that host is a member, or one that left and is not forgotten. */
export function isNamed({ members, gone }: Config, host: HostId): boolean {
  return gone[host] !== undefined || members.includes(host);
}

/** Whether it is agreed that the host left for good. */
export function isEvicted({ gone }: Config, host: HostId): boolean {
  return gone[host] === EVICTED;
}

/** Whether this joint configuration has the voters that it had, for every address to be chosen again without hosts that left for good. */
export function isForgetting({ voters, old, unanimous }: Config): boolean {
  return old !== undefined && unanimous === undefined && sameVoters(voters, old);
}

/** One vote: the host that cast it, and the name of the data that it cast it on. */
export type VoteKey = string;

/** `<host> <data>`, also the last part of a record's key: change it and stored starts are lost. */
export function voteKey(host: HostId, data: string): VoteKey {
  return `${host} ${data}`;
}

/** The voting hosts, sorted. */
export function hostsOf(voters: Voters): readonly HostId[] {
  return (Object.keys(voters) as HostId[]).sort();
}

/** The hosts that a message about claims goes to: the voters, and in a joint configuration the old voters too. Sorted. */
export function electorsOf({ voters, old }: Config): readonly HostId[] {
  return hostsOf(old === undefined ? voters : { ...old, ...voters });
}

/** How many of `count` are more than half. */
export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Whether `host`, on that data, is among the electors. */
export function isVoter({ voters, old }: Config, host: HostId, data: string): boolean {
  return voters[host] === data || old?.[host] === data;
}

/** Whether these votes decide: a majority of the voters, and in a joint configuration of the old voters too. */
export function isQuorum({ voters, old, unanimous }: Config, votes: ReadonlySet<VoteKey>): boolean {
  if (unanimous === true) return isEverybody(voters, votes);
  return isMajority(voters, votes) && (old === undefined || isMajority(old, votes));
}

/** Whether the voters could still decide if these ones did not vote. */
export function canDecideWithout({ voters, old, unanimous }: Config, refusals: ReadonlySet<VoteKey>): boolean {
  if (unanimous === true) return count(voters, refusals).among === 0;
  const could = (side: Voters) => {
    const { all, among } = count(side, refusals);
    return all - among >= majorityOf(all);
  };
  return could(voters) && (old === undefined || could(old));
}

/** Whether more than half of these voters are among the votes. */
export function isMajority(voters: Voters, votes: ReadonlySet<VoteKey>): boolean {
  const { all, among } = count(voters, votes);
  return among >= majorityOf(all);
}

/** Whether all of these voters are among the votes. */
export function isEverybody(voters: Voters, votes: ReadonlySet<VoteKey>): boolean {
  const { all, among } = count(voters, votes);
  return among === all;
}

/** How many voters there are, and how many of them are among the votes. A plain loop, since this is asked for each answer. */
function count(voters: Voters, votes: ReadonlySet<VoteKey>): { readonly all: number; readonly among: number } {
  let [all, among] = [0, 0];
  for (const host in voters) {
    all += 1;
    if (votes.has(voteKey(host as HostId, voters[host as HostId] ?? ''))) among += 1;
  }
  return { all, among };
}

/** Whether both are the same hosts on the same data. */
export function sameVoters(one: Voters, other: Voters): boolean {
  const hosts = hostsOf(one);
  return hosts.length === hostsOf(other).length && hosts.every((host) => one[host] === other[host]);
}

/** Whether both are the same hosts; both sorted. */
export function sameHosts(one: readonly HostId[], other: readonly HostId[]): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((host, at) => host === other[at]);
}

/** The first configuration of a mesh of these voters. Whoever makes it makes the same. */
export function firstConfig(voters: Voters, members: readonly HostId[]): Config {
  return { mesh: meshOf(voters), epoch: 1, voters: sorted(voters), members, gone: {} };
}

/**
 * The configuration of those voters alone, by an operator's word (step 18). It is another mesh. Hosts of the mesh before adopt it, unless
 * they are in a later epoch than the operator knew of. Until every address is chosen again, all the voters must agree.
 */
export function recoveredConfig(
  { mesh, epoch, gone, after = [] }: Config,
  voters: Voters,
  members: readonly HostId[],
): Config {
  const before = [...after, { mesh, epoch }].slice(-RECOVERIES_REMEMBERED);
  const name = createHash('sha256')
    .update(JSON.stringify([before, sorted(voters)]))
    .digest('hex')
    .slice(0, 32);
  const alone = sorted(voters);
  return { mesh: name, epoch: epoch + 1, voters: alone, old: alone, unanimous: true, members, gone, after: before };
}

/** Whether `one` follows `other`, at once or later. Every configuration follows none (`undefined`). */
export function isLater(one: Config, other: Config | undefined): boolean {
  if (other === undefined) return true;
  if (one.mesh === other.mesh) return one.epoch > other.epoch;
  return one.after?.some(({ mesh, epoch }) => mesh === other.mesh && epoch >= other.epoch) ?? false;
}

/**
 * Whether what `self` accepted on `data` as a voter of `before` still counts under `after` (step 3). It does not when the mesh moved
 * without that host, and then names may have been collected that its old registers still give to somebody.
 */
export function isVoterThroughout(before: Config | undefined, after: Config, self: HostId, data: string): boolean {
  if (before === undefined) return true;
  const deciding = after.old ?? after.voters;
  if (deciding[self] !== data) return false;
  if (before.mesh !== after.mesh) return after.unanimous === true;
  const [since = 1] = after.settled?.length === 2 ? after.settled : [];
  return before.voters[self] === data && before.epoch >= since - 1;
}

/**
 * Whether what `self`, a member again or still, holds may be others' by now. It was no member, or an epoch began and ended without it: in that one
 * it may have been gone for its day, or evicted (step 11), or forgotten (step 10), and nothing of that stands in `after`.
 */
export function mayBeOthersBy(before: Config | undefined, after: Config, self: HostId): boolean {
  if (before === undefined || before.mesh !== after.mesh || !after.members.includes(self)) return false;
  return !before.members.includes(self) || after.epoch > before.epoch + 1;
}

function meshOf(voters: Voters): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(voters)))
    .digest('hex')
    .slice(0, 32);
}

function sorted(voters: Voters): Voters {
  return Object.fromEntries(hostsOf(voters).map((host) => [host, voters[host]])) as Voters;
}
