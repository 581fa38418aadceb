// What travels between hosts: an own entry of a host's change log, and the rows of its index that the entry changes. The feed looks at the
// rows alone; what an entry tells is passed on as it is.
import type { AddressKey, AgentId, EmailAddress, HostId } from '../names.ts';

/**
 * One address as a host's email index shows it (specification, "Email Index"), with its key. The URL of the host is left out: each reader
 * has it in its own hosts.json, and an edit of that file is no change of the registry.
 */
export interface IndexRow {
  readonly address: EmailAddress;
  readonly key: AddressKey;
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly hostId: HostId;
  readonly displayName?: string;
  readonly primary: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

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
