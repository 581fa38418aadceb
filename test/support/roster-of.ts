// A mesh as the first of its hosts sees it, for tests.

import { parseRoster } from '../../mesh/hosts-json.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';

/** The URL that `rosterOf` gives a host. */
export function urlOf(id: string): string {
  return `http://${id}.example:23000`;
}

/** A roster of these hosts in this order; the first is this host. */
export function rosterOf(self: string, ...peers: readonly string[]): Roster {
  const hosts = [self, ...peers].map((id) => ({ id, url: urlOf(id) }));
  return parseRoster(JSON.stringify({ hosts }), { id: self as HostId, hostName: self });
}
