// Which voters this host counts by. hosts.json is each operator's wish; quorums use only what the voters agreed on:
// a mesh forms once every voter has said, durably, that it goes by the same list, and from then on the list is fixed.
// All voters, not a majority: a host that joins with addresses of its own could be outside that majority, and they would be
// claimed a second time. Once formed, a majority is enough for everything.
// A voter is known by its incarnation too: one that lost its disk comes back with another, and its votes count no more.
// It does not change the voters of a mesh that holds claims, nor bring a lost voter back.
import type { HostId } from '../names.ts';
import type { Greeting } from './messages.ts';

/** What was agreed, as it is stored. `incarnations` (by voter) are there once the mesh has formed. */
export interface Agreement {
  readonly voters: readonly HostId[];
  readonly incarnations?: Readonly<Record<string, string>> | undefined;
}

export interface Membership {
  readonly self: HostId;
  /** Made when this host's claim state was created. */
  readonly incarnation: string;
  /** Voters by this host's hosts.json, sorted. */
  wish: readonly HostId[];
  agreed: Agreement | undefined;
  /** The last greeting of each host. */
  readonly greetings: Map<HostId, Greeting>;
}

/** Why no claim can be made now. */
export interface Obstacle {
  readonly reason: 'forming' | 'membership_mismatch';
  readonly message: string;
  readonly hosts: readonly HostId[];
}

/** The voters that votes are counted by: what was agreed, else the wish. */
export function votersOf(membership: Membership): readonly HostId[] {
  return membership.agreed?.voters ?? membership.wish;
}

export function majorityOf(voters: readonly HostId[]): number {
  return Math.floor(voters.length / 2) + 1;
}

export function isFormed(membership: Membership): boolean {
  return membership.agreed?.incarnations !== undefined;
}

/** Whether this host is the only voter: then its own word is a majority. */
export function isAlone(membership: Membership): boolean {
  const voters = votersOf(membership);
  return voters.length === 1 && voters[0] === membership.self;
}

export function sameVoters(a: readonly HostId[], b: readonly HostId[]): boolean {
  return a.length === b.length && a.every((voter, index) => voter === b[index]);
}

/** What this host says of itself to another. */
export function greetingOf(membership: Membership): Greeting {
  const formed = membership.agreed?.incarnations;
  return {
    version: 1,
    voters: votersOf(membership),
    incarnation: membership.incarnation,
    ...(formed ? { formed } : {}),
  };
}

/**
 * Whether hosts.json's voters may replace what was agreed, without asking anyone: only on a host without any trace of a claim
 * (`pristine`), and only if the new list holds so many of the old voters that no majority of the old list is left outside it.
 */
export function mayAdoptWish(membership: Membership, pristine: boolean): boolean {
  const old = membership.agreed?.voters;
  if (old === undefined) return true;
  const kept = old.filter((voter) => membership.wish.includes(voter)).length;
  return pristine && kept > old.length - majorityOf(old);
}

/**
 * The agreement that this host may now store as formed, if any: one that a formed voter has told, else its own, when every
 * voter has greeted with the same list.
 */
export function formedAgreement(membership: Membership): Agreement | undefined {
  const voters = votersOf(membership);
  if (isFormed(membership) || voters.length === 0 || !sameVoters(voters, membership.wish)) return undefined;
  const incarnations: Record<string, string> = {};
  for (const voter of voters) {
    const greeting = voter === membership.self ? greetingOf(membership) : membership.greetings.get(voter);
    if (greeting && sameVoters(greeting.voters, voters)) {
      if (greeting.formed)
        return isWelcome(membership, greeting.formed) ? { voters, incarnations: greeting.formed } : undefined;
      incarnations[voter] = greeting.incarnation;
    }
  }
  return Object.keys(incarnations).length === voters.length ? { voters, incarnations } : undefined;
}

/** Whether a vote that `voter` cast in `incarnation` counts. */
export function counts(membership: Membership, voter: HostId, incarnation: string): boolean {
  return membership.agreed?.incarnations?.[voter] === incarnation;
}

/** What stands in the way of a claim by this host; `undefined` when nothing does. */
export function obstacleOf(membership: Membership): Obstacle | undefined {
  const voters = votersOf(membership);
  if (voters.length === 0) {
    const message =
      'No host votes on claims: hosts.json lists more than seven hosts; mark three or five of them "voter": true, the same on every host.';
    return { reason: 'membership_mismatch', message, hosts: [] };
  }
  if (!sameVoters(voters, membership.wish)) return changed(membership, voters);
  if (isFormed(membership)) return undefined;
  return forgotten(membership, voters) ?? disagreeing(membership, voters) ?? waiting(membership, voters);
}

function changed(membership: Membership, voters: readonly HostId[]): Obstacle {
  const message = `The voters in this host's hosts.json (${list(membership.wish)}) are not those that the claims were made with (${list(voters)}). Changing the voters of a mesh that holds claims is not supported yet: restore the list.`;
  return { reason: 'membership_mismatch', message, hosts: [membership.self] };
}

function forgotten(membership: Membership, voters: readonly HostId[]): Obstacle | undefined {
  const host = voters.find((voter) => {
    const formed = membership.greetings.get(voter)?.formed;
    return formed !== undefined && !isWelcome(membership, formed);
  });
  if (host === undefined) return undefined;
  const message = `Host '${host}' knows this host with other claim data than it has now: its data directory was lost or replaced. Restore the directory; a host without it can't vote or claim yet.`;
  return { reason: 'membership_mismatch', message, hosts: [membership.self] };
}

function disagreeing(membership: Membership, voters: readonly HostId[]): Obstacle | undefined {
  const hosts = voters.filter((voter) => {
    const greeting = membership.greetings.get(voter);
    return voter !== membership.self && greeting !== undefined && !sameVoters(greeting.voters, voters);
  });
  if (hosts.length === 0) return undefined;
  const theirs = hosts
    .map((host) => `'${host}' goes by ${list(membership.greetings.get(host)?.voters ?? [])}`)
    .join('; ');
  const message = `The hosts do not agree on who votes: this host goes by ${list(voters)}, but ${theirs}. Make the voters in hosts.json the same on every host.`;
  return { reason: 'membership_mismatch', message, hosts };
}

function waiting(membership: Membership, voters: readonly HostId[]): Obstacle | undefined {
  const hosts = voters.filter((voter) => voter !== membership.self && !membership.greetings.has(voter));
  if (hosts.length === 0) return undefined;
  const message = `The mesh has not formed yet: before the first claim, every voter must have been heard once, and ${list(hosts)} has not answered.`;
  return { reason: 'forming', message, hosts };
}

function isWelcome(membership: Membership, formed: Readonly<Record<string, string>>): boolean {
  const known = formed[membership.self];
  return known === undefined || known === membership.incarnation;
}

function list(hosts: readonly HostId[]): string {
  return hosts.length === 0 ? 'nobody' : hosts.join(', ');
}
