// The copy that a host keeps of what its peers' indexes show (feeds), as look-ups read it. It may be behind; since when each peer last said
// that it is not, the copy tells.

import type { AddressKey, AgentId, HostId } from '../names.ts';
import { type IndexEntry, type IndexRow, isFolderName, type KeyedAddress, type ListedEntry } from './index-entry.ts';

export interface MeshCopy {
  /** Rows of every host that shows the address: more than one while two hosts are in conflict over it. */
  ofAddress(key: AddressKey): readonly IndexRow[];
  /** The only row of `ofAddress`; `undefined` where nobody or more than one host shows the address. */
  soleOwner(key: AddressKey): WrittenRow | undefined;
  ofAgent(agentId: AgentId): readonly IndexRow[];
  all(): Iterable<IndexRow>;
  /** When the host last said that the copy is as its index is, by the monotonic clock; `undefined`: not since this start. */
  confirmedMs(host: HostId): number | undefined;
  /** Whether what the host has said since is not believed. */
  isDoubted(host: HostId): boolean;
  /** Changes with what `confirmedMs` and `isDoubted` say. */
  readonly confirmations: number;
}

/** A row whose entry can be had as text, without an object for it. */
export interface WrittenRow extends KeyedAddress {
  readonly hostId: HostId;
  /** The entry of `listedRow` as JSON. */
  entryJson(hostUrl: string): string;
}

/**
 * The row as an index of this host lists it, without a display name that a fan-out would leave out too. `hostUrl`: of its host in our hosts.json.
 */
export function listedRow(row: IndexRow, hostUrl: string): ListedEntry {
  const { address, key, agentId, agentName, hostId, displayName, primary, metadata } = row;
  const entry: IndexEntry = {
    agentId,
    agentName,
    hostId,
    hostUrl,
    ...(isFolderName(displayName) ? { displayName } : {}),
    primary,
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { address, key, entry };
}
