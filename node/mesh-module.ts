// This host's place among the others, opened in plain order: what the disk knows of the peers and of the claims, what questions to peers go
// over, the conversation with each peer, and the claims that the hosts keep together.
import { parseAnyAddress } from '../mesh/address/identity.ts';
import type { ClaimEngine } from '../mesh/engine/claim-engine.ts';
import type { LegacyMode } from '../mesh/lookup/legacy-hosts.ts';
import type { MeshCopy } from '../mesh/lookup/mesh-copy.ts';
import type { AddressKey, HostId } from '../mesh/names.ts';
import type { Clock, PeerTransport, Random } from '../mesh/ports.ts';
import type { Roster } from '../mesh/roster.ts';
import { type LoadedClaims, loadClaims, type OpenClaims } from './claims.ts';
import type { Log } from './log.ts';
import type { MeshEvents } from './mesh-events.ts';
import { mayClaim } from './peers/claimants.ts';
import { type HostRecords, keptBy } from './peers/forgotten-hosts.ts';
import type { HostBook } from './peers/host-book.ts';
import type { CallOnce } from './peers/keys/hello-question.ts';
import type { PeerKeys } from './peers/keys/peer-keys.ts';
import { type BelieveLegacy, legacyBelief } from './peers/keys/trusted-network.ts';
import { type KnownPeers, type MakeTransport, openKnownPeers } from './peers/known-peers.ts';
import type { PeerLines } from './peers/peer-transport.ts';
import { type OpenPeers, openPeers } from './peers/peers-module.ts';
import type { RosterWatch } from './peers/roster-watch.ts';
import type { LegacyOwners } from './registry/address-claims.ts';
import { claimsViewOf } from './registry/claims-view.ts';
import type { EmailIndex } from './registry/email-index.ts';
import type { RestoredClaims } from './registry/restored-claims.ts';
import { ignoreFailedStore } from './store/refusals.ts';
import type { Store } from './store/store.ts';

export interface MeshOptions {
  readonly self: HostId;
  readonly watch: RosterWatch;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** What the operators of all hosts share. */
  readonly secret: string | undefined;
  readonly mode: LegacyMode;
  /** `undefined`: peers/trusted-network.ts judges. */
  readonly believesLegacy: BelieveLegacy | undefined;
  readonly callOnce: CallOnce;
  readonly makeTransport: MakeTransport;
  readonly engine: ClaimEngine | undefined;
  readonly index: EmailIndex;
  readonly restored: Pick<RestoredClaims, 'hiddenFrom'>;
  /** What relays, or the hosts themselves, last confirmed. */
  readonly copies: { readonly copy: Pick<MeshCopy, 'confirmedMs'> };
  readonly events: MeshEvents;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

export interface OpenMesh extends AsyncDisposable {
  readonly peerKeys: PeerKeys;
  readonly transport: PeerTransport;
  readonly peers: OpenPeers;
  readonly claims: OpenClaims;
  /** The start of this node, as text; `undefined` while nobody may be told of it. */
  readonly start: () => string | undefined;
  readonly legacyOwners: LegacyOwners;
  /** Why no address can be claimed now, a sentence; `undefined` when one can. */
  whyNoClaims(): string | undefined;
  /** Whether the host belongs to the mesh, or left it so lately that what it has is still its own; whatever hosts.json says. */
  isMember(id: HostId): boolean;
  /** Whether a host has a say in the claims. */
  mayClaim(id: HostId): boolean;
  /** Who votes on claims. An engine that keeps them knows no voters: those of hosts.json are as good to hear others through. */
  voters(): readonly HostId[];
  /** Whether no mesh is known yet; never so with an engine. */
  isForming(): boolean;
  /** What is kept of hosts, on the disk or in memory, and may be forgotten. */
  readonly hostRecords: readonly HostRecords[];
  /** Which hosts are still of this mesh: listed, members, or gone and not forgotten; `undefined` before the mesh has formed. */
  known(): ((id: HostId) => boolean) | undefined;
  /** Whether the peer serves only the look-up. */
  isLegacy(id: HostId): boolean;
  /** Whether the peer's claims are not decided by the same voters. */
  isOutside(id: HostId): boolean;
}

function edited(
  roster: Roster,
  { hosts, peers, claims }: { readonly hosts: HostBook; readonly peers: OpenPeers; readonly claims: OpenClaims },
): void {
  hosts.edited().catch(ignoreFailedStore);
  peers.edited().catch(ignoreFailedStore);
  claims.edited(roster);
}

/** Rejects with `store_failed` when a record can't be read. Disposing ends the claims, then every question to a peer. */
export async function openMesh(options: MeshOptions): Promise<OpenMesh> {
  const { watch, index, restored, events } = options;
  const roster = watch.current;
  const believesLegacy = options.believesLegacy ?? legacyBelief(options.secret !== undefined);
  await using stack = new AsyncDisposableStack();
  const known = stack.use(
    await openKnownPeers({ ...options, roster, believesLegacy, changed: events.votersChanged.dispatch }),
  );
  const { hosts, keys, legacy } = known;
  const loaded = await loadClaims({
    ...options,
    roster: roster(),
    registry: restored.hiddenFrom(claimsViewOf(index)),
    isNoVoter: (id) => legacy.isNoVoter(id),
  });
  const start = () => loaded.startName();
  const voters = () => votersOf(loaded, roster());
  const isForming = () => loaded.isForming();
  const transport = stack.use(options.makeTransport(keys, (id) => hosts.get(id), start, events.channelLost.dispatch));
  const peers = openPeers({
    ...{ ...options, ...surroundingsOf(options), roster, keys, legacy, transport, voters },
    isForming,
    isReady: () => loaded.isReady(),
  });
  const claims = stack.use(
    await loaded.open({ transport, conversation: peers.heartbeat, doubted: events.doubted.dispatch }),
  );
  events.channelLost.subscribe((id) => peers.heartbeat.doubt(id));
  events.votersChanged.subscribe(() => claims.edited(roster()));
  watch.subscribe(() => edited(roster(), { hosts, peers, claims }));
  const isConcerned = (id: HostId) => claims.relationTo?.(id).isConcerned === true;
  const owned = stack.move();
  return {
    ...{ peerKeys: keys, transport, peers, claims, voters, isForming, start },
    legacyOwners: {
      ownerOf: (addresses) => peers.legacyClaims.ownerOf(addresses),
      claimed: (addresses) => peers.legacyDoubles.claimed(addresses),
    },
    whyNoClaims: () => whyNoClaims(claims, peers),
    isMember: (id) => isConcerned(id) && claims.relationTo?.(id).isGoneForGood === false,
    mayClaim: (id) => mayClaim(id, { roster, hosts, isConcerned }),
    hostRecords: hostRecordsOf(known, peers, transport),
    known: () => knownBy(claims, roster(), isConcerned),
    isLegacy: (id) => peers.legacy.has(id),
    isOutside: (id) => peers.legacy.has(id) || claims.relationTo?.(id).isForeign === true,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function hostRecordsOf({ hosts, keys }: KnownPeers, peers: OpenPeers, { kept }: PeerLines): readonly HostRecords[] {
  return [hosts, keys, peers.legacy.keyed, keptBy([peers.presence]), ...(kept === undefined ? [] : [kept])];
}

/** What the conversation with peers asks other parts of the node, and tells them. */
function surroundingsOf({ index, copies, events }: Pick<MeshOptions, 'index' | 'copies' | 'events'>) {
  return {
    parseAddress: parseAnyAddress,
    relayedAtMs: (id: HostId) => copies.copy.confirmedMs(id),
    holds: (key: AddressKey) => index.holder(key) !== undefined,
    index: () => index.etag,
    doubled: events.doubled.dispatch,
    found: events.found.dispatch,
    lost: events.lost.dispatch,
    indexSaid: events.indexSaid.dispatch,
  };
}

function votersOf(claims: LoadedClaims, roster: Roster): readonly HostId[] {
  const voters = claims.voters();
  return voters.length > 0 ? voters : roster.voters;
}

/** With an engine nothing is agreed on among the hosts: then it is hosts.json that counts. */
function knownBy(
  claims: OpenClaims,
  listed: Roster,
  isConcerned: (id: HostId) => boolean,
): ReturnType<OpenMesh['known']> {
  if (claims.membership?.().epoch === 0) return undefined;
  return (id) => listed.get(id) !== undefined || isConcerned(id);
}

function whyNoClaims({ store }: OpenClaims, { legacyClaims }: OpenPeers): string | undefined {
  const { ready, why } = store.status();
  return ready ? legacyClaims.obstacle()?.message : why;
}
