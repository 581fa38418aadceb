// What the mesh has agreed on: who votes, in which epoch. hosts.json is each operator's wish; quorums use only this. A voter is a
// host in one incarnation, so a host that lost its disk is another voter, and its former votes and its present ones never mix.
// A joint configuration (`old` beside `voters`) needs a majority of both: what was chosen before it is seen by it, and what is
// chosen in it is seen after it. Every configuration but the first is chosen by the voters of the one before (succession.ts).
// It does not say who is there: the greetings do.
import { createHash } from 'node:crypto';
import type { HostId } from '../names.ts';

/** Name of its data, by voting host. */
export type Voters = Readonly<Record<HostId, string>>;

export interface Config {
  /** Hash of the first voters: two meshes that formed apart are never taken for one. */
  readonly mesh: string;
  /** 1 for the first configuration, then one more with each. */
  readonly epoch: number;
  readonly voters: Voters;
  /** The voters before, while the mesh is moving. */
  readonly old?: Voters;
  /** After a loss, until every address is chosen again: all voters must agree, for what one of them knows nobody else may. */
  readonly unanimous?: true;
  /** All hosts of the mesh, sorted; the voters are among them. */
  readonly members: readonly HostId[];
  /** Hosts that were members, and since when they are not: ISO 8601, UTC. Of evicted ones, the beginning of time. */
  readonly gone: Readonly<Record<HostId, string>>;
  /** What it follows by an operator's word alone, after more was lost than the protocol can make good; oldest first. */
  readonly after?: readonly { readonly mesh: string; readonly epoch: number }[];
}

/** Of an evicted host: its addresses are free at once. */
export const EVICTED = '1970-01-01T00:00:00.000Z';
const RECOVERIES_KEPT = 8;

/** One vote: the host that cast it, and the name of the data that it cast it on. */
export type VoteKey = string;

export function voteKey(host: HostId, data: string): VoteKey {
  return `${host} ${data}`;
}

export function hostsOf(voters: Voters): readonly HostId[] {
  return (Object.keys(voters) as HostId[]).sort();
}

/** Whom a message about claims goes to: the voters, and those before them while the mesh moves. Sorted. */
export function electorsOf({ voters, old }: Config): readonly HostId[] {
  return hostsOf(old === undefined ? voters : { ...old, ...voters });
}

export function majorityOf(count: number): number {
  return Math.floor(count / 2) + 1;
}

/** Whether `host`, on that data, is among the electors. */
export function isVoter({ voters, old }: Config, host: HostId, data: string): boolean {
  return voters[host] === data || old?.[host] === data;
}

/** Whether these votes decide: a majority of the voters, and of those before them while the mesh moves. */
export function isQuorum({ voters, old, unanimous }: Config, votes: ReadonlySet<VoteKey>): boolean {
  if (unanimous === true) return isEverybody(voters, votes);
  return isMajority(voters, votes) && (old === undefined || isMajority(old, votes));
}

/** Whether the voters that are left, without `refusals`, could still decide. */
export function canDecideWithout({ voters, old, unanimous }: Config, refusals: ReadonlySet<VoteKey>): boolean {
  if (unanimous === true) return count(voters, refusals).among === 0;
  const could = (side: Voters) => {
    const { all, among } = count(side, refusals);
    return all - among >= majorityOf(all);
  };
  return could(voters) && (old === undefined || could(old));
}

export function isMajority(voters: Voters, votes: ReadonlySet<VoteKey>): boolean {
  const { all, among } = count(voters, votes);
  return among >= majorityOf(all);
}

export function isEverybody(voters: Voters, votes: ReadonlySet<VoteKey>): boolean {
  const { all, among } = count(voters, votes);
  return among === all;
}

/** How many voters there are, and how many of them are among the votes. In a loop: it is asked for each answer. */
function count(voters: Voters, votes: ReadonlySet<VoteKey>): { readonly all: number; readonly among: number } {
  let [all, among] = [0, 0];
  for (const host in voters) {
    all += 1;
    if (votes.has(voteKey(host as HostId, voters[host as HostId] ?? ''))) among += 1;
  }
  return { all, among };
}

export function sameVoters(one: Voters, other: Voters): boolean {
  const hosts = hostsOf(one);
  return hosts.length === hostsOf(other).length && hosts.every((host) => one[host] === other[host]);
}

export function sameHosts(one: readonly HostId[], other: readonly HostId[]): boolean {
  return one.length === other.length && one.every((host, at) => host === other[at]);
}

/** The first configuration of a mesh of these voters: the same, whoever makes it. */
export function firstConfig(voters: Voters, members: readonly HostId[]): Config {
  return { mesh: meshOf(voters), epoch: 1, voters: sorted(voters), members, gone: {} };
}

/**
 * The configuration of those voters alone, by an operator's word: another mesh, which who was in the one before takes for its
 * successor, unless that had gone on without the operator's knowledge. Until they have chosen every address again, all of them decide.
 */
export function recoveredConfig(
  { mesh, epoch, gone, after = [] }: Config,
  voters: Voters,
  members: readonly HostId[],
): Config {
  const before = [...after, { mesh, epoch }].slice(-RECOVERIES_KEPT);
  const name = createHash('sha256')
    .update(JSON.stringify([before, sorted(voters)]))
    .digest('hex')
    .slice(0, 32);
  const alone = sorted(voters);
  return { mesh: name, epoch: epoch + 1, voters: alone, old: alone, unanimous: true, members, gone, after: before };
}

/** Whether one configuration follows another; `undefined` counts as before all. */
export function isLater(one: Config, other: Config | undefined): boolean {
  if (other === undefined) return true;
  if (one.mesh === other.mesh) return one.epoch > other.epoch;
  return one.after?.some(({ mesh, epoch }) => mesh === other.mesh && epoch >= other.epoch) ?? false;
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
