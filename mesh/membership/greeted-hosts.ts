// Whom a host greets, and how often (step 1 of README.md). In a small mesh everybody greets everybody. In a large one the voters do, for what
// they say of themselves decides; any other host keeps in touch with the voters and with its two neighbours by name, so that only the voters
// have as many conversations as there are hosts. Both of a pair conclude the same from the same hosts.json.
// Nobody learns here who lives that it does not greet: relays say so (../feed/README.md).
import { GREETING_INTERVAL_MS } from '../limits.ts';
import type { HostId } from '../names.ts';
import { electorsOf } from '../state/config.ts';
import type { Membership } from '../state/membership.ts';

/** How often a host is greeted in a mesh of more hosts than `GREETED_BY_ALL_MAX`, unless both vote. There a host that does not vote greets the voters and its two neighbours. */
export const LARGE_GREETING_INTERVAL_MS = 30_000;
/** Hosts up to which everybody greets everybody. */
export const GREETED_BY_ALL_MAX = 50;

interface Crowd {
  readonly self: HostId;
  /** Every host, this one and the voters among them or not. */
  readonly hosts: Iterable<HostId>;
  readonly voters: Iterable<HostId>;
}

/** Each host that this one greets, and how often: milliseconds from one exchange to the next. */
export type Company = ReadonlyMap<HostId, number>;

/** Whom a host greets among those. */
export function companyOf({ self, hosts, voters }: Crowd): Company {
  const voting = new Set(voters);
  const others = new Set([...voting, ...hosts]);
  others.delete(self);
  if (!isLargeMesh(others.size)) return new Map([...others].map((host) => [host, GREETING_INTERVAL_MS]));
  const isHeardByAll = voting.has(self) || [...voting].every((host) => host === self);
  const greeted = isHeardByAll ? others : new Set([...voting, ...neighboursOf(self, others, voting)]);
  const intervalMs = (host: HostId) =>
    voting.has(self) && voting.has(host) ? GREETING_INTERVAL_MS : LARGE_GREETING_INTERVAL_MS;
  return new Map([...greeted].map((host) => [host, intervalMs(host)]));
}

/** Whom this host greets by what is agreed and by its hosts.json. */
export function companyIn(membership: Membership): Company {
  const { self, config, wish } = membership;
  return companyOf({ self, hosts: [...wish.members, ...(config?.members ?? [])], voters: votersIn(membership) });
}

/** Who votes, or is to. */
export function votersIn({ config, wish }: Pick<Membership, 'config' | 'wish'>): ReadonlySet<HostId> {
  return new Set([...(config === undefined ? [] : electorsOf(config)), ...wish.voters]);
}

/** Whether so many hosts beside this one are too many for everybody to greet everybody. */
function isLargeMesh(others: number): boolean {
  return others >= GREETED_BY_ALL_MAX;
}

/** Whether the others are greeted more seldom, by the hosts that this one knows of. */
export function isLarge({ config, wish }: Pick<Membership, 'config' | 'wish'>): boolean {
  return isLargeMesh(Math.max(wish.members.length, config?.members.length ?? 0) - 1);
}

/** How long what a host said counts as lately, for people: a decision wants it fresh. */
export function heardLatelyMs(membership: Pick<Membership, 'config' | 'wish'>): number {
  return 2.5 * (isLarge(membership) ? LARGE_GREETING_INTERVAL_MS : GREETING_INTERVAL_MS);
}

/** The one before and the one after, by name, among those that do not vote; the last one is before the first. */
function neighboursOf(self: HostId, others: ReadonlySet<HostId>, voting: ReadonlySet<HostId>): readonly HostId[] {
  const ring = [self, ...others].filter((host) => !voting.has(host)).sort();
  const at = ring.indexOf(self);
  return [ring.at(at - 1), ring[(at + 1) % ring.length]].filter(
    (host) => host !== undefined && host !== self,
  ) as HostId[];
}
