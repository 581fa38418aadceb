// The copy that a host keeps of what its peers' indexes show (feeds), as look-ups read it. It may be behind; since when each peer last said
// that it is not, the copy tells.
import type { AddressKey, AgentId, HostId } from '../names.ts';
import type { IndexEntry, ListedEntry, ParsedAddress } from './index-entry.ts';

/** What a host shows of one of its addresses: the index's entry without what each reader has in its own hosts.json. */
export interface IndexRow extends ParsedAddress, Omit<IndexEntry, 'hostId' | 'hostUrl'> {}

/** A row, and whose it is. */
export interface CopiedRow extends IndexRow {
  readonly hostId: HostId;
}

export interface MeshCopy {
  /** Of every host that shows the address: more than one while two hosts are in conflict over it. */
  ofAddress(key: AddressKey): readonly CopiedRow[];
  ofAgent(agentId: AgentId): readonly CopiedRow[];
  all(): Iterable<CopiedRow>;
  /** When the host last said that the copy is as its index is, by the monotonic clock; `undefined`: not since this start. */
  confirmedMs(host: HostId): number | undefined;
}

/** The row as an index of this host lists it. `hostUrl`: of its host in our hosts.json. */
export function listedRow(row: CopiedRow, hostUrl: string): ListedEntry {
  const { address, key, agentId, agentName, hostId, displayName, primary, metadata } = row;
  const entry: IndexEntry = {
    agentId,
    agentName,
    hostId,
    hostUrl,
    ...(displayName === undefined ? {} : { displayName }),
    primary,
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { address, key, entry };
}
