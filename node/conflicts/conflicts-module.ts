// The conflicts with what finds them: the search, and what other parts of the node tell.
import { anyAddressKey } from '../../mesh/address/identity.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock, PeerTransport } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { ClaimStore } from '../../mesh/state/claim-store.ts';
import type { Log } from '../log.ts';
import type { MeshEvents } from '../mesh-events.ts';
import type { EmailIndex } from '../registry/email-index.ts';
import type { Registry } from '../registry/registry.ts';
import type { RestoredClaims } from '../registry/restored-claims.ts';
import type { Store } from '../store/store.ts';
import { ConflictSearch } from './conflict-search.ts';
import { Conflicts } from './conflicts.ts';
import { RestoredSearch } from './restored-search.ts';

export interface OpenConflictsOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly index: Pick<EmailIndex, 'keys' | 'holder' | 'version'>;
  readonly restored: RestoredClaims;
  readonly claims: Pick<ClaimStore, 'status' | 'ownersOf'>;
  readonly roster: () => Roster;
  /** Whether the peer's claims are not decided by the same voters. */
  readonly isOutside: (peer: HostId) => boolean;
  /** The ETag of the peer's index, as the peer last said by itself. */
  readonly indexOf: (peer: HostId) => string | undefined;
  /** Where the log of a peer stands that this host never asks, as relays tell. */
  readonly placeOf: (peer: HostId) => string | undefined;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: Pick<MeshEvents, 'doubled' | 'doubted'>;
}

export interface OpenConflicts {
  readonly conflicts: Conflicts;
  readonly search: Pick<ConflictSearch, 'run'>;
  readonly restoredSearch: Pick<RestoredSearch, 'run'>;
}

/** Rejects with `store_failed` when a record can't be read. */
export async function openConflicts(options: OpenConflictsOptions): Promise<OpenConflicts> {
  const { index, claims, roster, events } = options;
  const conflicts = await Conflicts.open(options);
  const search = new ConflictSearch({
    ...options,
    conflicts,
    keys: () => index.keys(),
    holds: (key) => index.holder(key) !== undefined,
    isReady: () => claims.status().ready,
    keyOf: anyAddressKey,
    peers: () => roster().peers.map(({ id }) => id),
    version: () => index.version,
  });
  events.doubted.subscribe((why) => search.doubt(why));
  events.doubled.subscribe((key, hostId) => conflicts.doubled(key, hostId));
  return { conflicts, search, restoredSearch: new RestoredSearch({ ...options, conflicts }) };
}
