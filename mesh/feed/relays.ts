// Whom a host follows. In a small mesh everybody follows everybody. In a large one the voters do, and each other host follows two of them, its
// relays, which pass on what they heard: so nobody but a voter keeps a connection for each host. Relays are chosen by rendezvous hashing: all
// hosts together spread evenly over the voters, and when a voter comes or goes, only those that it served choose anew. No host has to agree
// with another about the choice, and a relay is believed nothing: each run that it passes on has its origin's signature.
import { hash } from 'node:crypto';
import type { HostId } from '../names.ts';

/** Hosts up to which everybody follows everybody; beyond, only voters do. */
export const FOLLOWED_BY_ALL_MAX = 50;
/** Voters that a host follows in place of everybody. */
export const RELAYS = 2;

export interface Followable {
  readonly self: HostId;
  /** Every host that serves a feed, this one among them or not. */
  readonly hosts: readonly HostId[];
  readonly voters: readonly HostId[];
  /** Whether a voter has been silent for too long to relay. */
  readonly isSilent: (voter: HostId) => boolean;
  /** Hosts up to which everybody follows everybody: fewer, in simulations; `FOLLOWED_BY_ALL_MAX` when absent. */
  readonly followedByAllMax?: number | undefined;
}

/** `hosts`: each of them for itself. `relays`: those for all hosts; the best first. */
export type Followed =
  | { readonly kind: 'everybody'; readonly hosts: readonly HostId[] }
  | { readonly kind: 'relays'; readonly relays: readonly HostId[] };

/** Whom this host follows: everybody, or two voters, the same two as long as they speak. */
export function followedBy(followable: Followable): Followed {
  const { self, hosts, voters, isSilent, followedByAllMax = FOLLOWED_BY_ALL_MAX } = followable;
  const others = hosts.filter((host) => host !== self);
  const elsewhere = voters.filter((voter) => others.includes(voter));
  if (others.length < followedByAllMax || voters.includes(self) || elsewhere.length === 0)
    return { kind: 'everybody', hosts: others };
  const ranked = rankedFor(self, elsewhere);
  const speaking = ranked.filter((voter) => !isSilent(voter));
  // Where too few speak, the best of the silent are asked on: they may come back.
  const silent = ranked.filter(isSilent);
  return { kind: 'relays', relays: [...speaking, ...silent].slice(0, RELAYS) };
}

/** The voters in the order in which this host would have them as relays. */
function rankedFor(self: HostId, voters: readonly HostId[]): readonly HostId[] {
  const weighed = voters.map((voter) => ({ voter, weight: hash('sha256', `${self}\n${voter}`, 'hex') }));
  weighed.sort((one, other) => (one.weight < other.weight ? 1 : -1));
  return weighed.map(({ voter }) => voter);
}
