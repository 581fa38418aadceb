// Whom this host speaks with by itself, and whom of them sooner or later than the others. A voter of a large mesh asks that of each host again and
// again, so whether a claim could be decided, which takes a look at all that was heard, is asked of voters alone.
import { type Company, companyOf, GREETED_BY_ALL_MAX } from '../../mesh/membership/greeted-hosts.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';

export interface CircleOptions {
  readonly roster: () => Roster;
  /** Who votes, as far as it is known. */
  readonly voters: () => readonly HostId[];
  /** Whether no mesh is known yet. */
  readonly isForming: () => boolean;
  /** Whether this host could decide a claim now, by what it heard of the voters. */
  readonly isReady: () => boolean;
}

export interface Circle {
  isLarge(): boolean;
  /** Who votes, by what is agreed and by hosts.json. */
  voters(): ReadonlySet<HostId>;
  company(): Company;
  /** Whether this host can decide no claim now, and that peer votes. */
  isAwaited(peer: HostId): boolean;
  /** Whether this host votes, that peer does not, and no mesh is known yet. */
  canWait(peer: HostId): boolean;
  /** The peers that are not in company. */
  others(): readonly HostId[];
}

export function circleOf({ roster, isReady, isForming, ...options }: CircleOptions): Circle {
  const self = roster().self.id;
  const isLarge = () => roster().peers.length >= GREETED_BY_ALL_MAX;
  const voters = () => new Set([...options.voters(), ...roster().voters]);
  const company = () => companyOf({ self, hosts: roster().peers.map(({ id }) => id), voters: voters() });
  const isAwaited = (peer: HostId) => voters().has(peer) && !isReady();
  const canWait = (peer: HostId) => {
    if (!isForming()) return false;
    const voting = voters();
    // Who votes alone has nobody else to hear.
    return voting.has(self) && voting.size > 1 && !voting.has(peer);
  };
  const others = () => {
    const kept = company();
    return roster().peers.flatMap(({ id }) => (kept.has(id) ? [] : [id]));
  };
  return { isLarge, voters, company, isAwaited, canWait, others };
}
