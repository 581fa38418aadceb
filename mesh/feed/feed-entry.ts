// What travels between hosts: an own entry of a host's change log, and the rows of its index that the entry changes. The feed looks at the
// rows alone; what an entry tells is passed on as it is.
import type { IndexRow } from '../lookup/index-entry.ts';
import type { AddressKey, AgentId, HostId } from '../names.ts';

/** What the index shows differently after a change. */
export interface IndexRows {
  readonly put: readonly IndexRow[];
  readonly drop: readonly AddressKey[];
}

/** What the chain covers. */
export interface FeedEntry {
  readonly n: number;
  readonly id: string;
  readonly event: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly agent: { readonly id: AgentId; readonly name: string; readonly hostId: HostId };
  readonly sequence: number;
  readonly changes: unknown;
  /** On the first entry of a mutation: what the mutation changes in the index. */
  readonly rows?: IndexRows;
}
