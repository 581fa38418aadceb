// Which hosts have a say in the claims: those that hosts.json lists, and those that the mesh agreed on. Each operator edits the file at
// another time, so a host may be concerned by what was agreed though the file lists it no more, or disables it.
import type { HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { HostBook } from './host-book.ts';

export interface Claimants {
  readonly roster: () => Roster;
  readonly hosts: Pick<HostBook, 'get'>;
  /** Whether what the voters agreed on names the host. */
  readonly isConcerned: (id: HostId) => boolean;
}

/** Whether that host has a say. A host that no hosts.json of this node ever listed has none, whatever was agreed: where it is, nobody knows. */
export function mayClaim(id: HostId, { roster, hosts, isConcerned }: Claimants): boolean {
  return roster().get(id)?.enabled === true || (hosts.get(id) !== undefined && isConcerned(id));
}
