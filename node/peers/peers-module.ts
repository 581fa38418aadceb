// Everything about peers that is made once the transport is there: who serves only the look-up, who is there, and the one conversation with
// each of them.
import type { LegacyMode, LegacyPorts } from '../../mesh/lookup/legacy-hosts.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { Log } from '../log.ts';
import type { Store } from '../store/store.ts';
import { type Greet, Heartbeat } from './heartbeat.ts';
import { Introductions } from './introductions.ts';
import { LegacyClaims } from './legacy-claims.ts';
import { LegacyDoubles } from './legacy-doubles.ts';
import { LegacyPeers } from './legacy-peers.ts';
import type { PeerKeys } from './peer-keys.ts';
import { Presence } from './presence.ts';
import type { BelieveLegacy } from './trusted-network.ts';

export interface PeersOptions extends LegacyPorts {
  readonly mode: LegacyMode;
  readonly roster: () => Roster;
  readonly keys: PeerKeys;
  readonly believesLegacy: BelieveLegacy;
  readonly store: Pick<Store, 'load' | 'commit'>;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  /** Changes with this host's email index: its ETag. */
  readonly index: () => string;
  /** Whether this host has the address, still. */
  readonly holds: (key: AddressKey) => boolean;
  /** Told when another peer counts as legacy, or one no more. */
  readonly changed: () => void;
  /** Told of an address of this host that a legacy peer has too. */
  readonly doubled: (key: AddressKey, hostId: HostId) => void;
  /** Told, as `lost` and `indexSaid` are, what `PresenceOptions` says. */
  readonly found: (id: HostId) => void;
  readonly lost: (id: HostId, why: string) => void;
  readonly indexSaid: (id: HostId, index: string, atMs: number) => void;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

export interface OpenPeers {
  readonly presence: Presence;
  readonly legacy: LegacyPeers;
  readonly legacyClaims: LegacyClaims;
  readonly legacyDoubles: LegacyDoubles;
  /** Carries the greetings of the claims. */
  readonly heartbeat: Heartbeat;
  /** Asks every peer who it is, once. */
  meet(): Promise<void>;
  /** hosts.json was edited. Rejects with `store_failed`. */
  edited(): Promise<void>;
  /** Speaks with every peer until the node stops; see `Heartbeat.run`. */
  run(greet: Greet | undefined): Promise<void>;
}

/** Rejects with `store_failed` when a record can't be read. */
export async function openPeers(options: PeersOptions): Promise<OpenPeers> {
  const { keys, roster, stopping } = options;
  const legacy = await LegacyPeers.open(options);
  const introductions = new Introductions({ keys, legacy });
  const presence = new Presence(options);
  const heartbeat = new Heartbeat({ ...options, introductions, legacy, presence });
  const ofLegacy = { ...options, peers: legacy };
  return {
    presence,
    legacy,
    legacyClaims: new LegacyClaims({ ...ofLegacy, introductions }),
    legacyDoubles: new LegacyDoubles(ofLegacy),
    heartbeat,
    meet: () =>
      introductions.meetAll(
        roster().peers.map(({ id }) => id),
        stopping,
      ),
    edited: async () => {
      await legacy.edited();
      heartbeat.edited();
    },
    run: (greet) => heartbeat.run(stopping, greet),
  };
}
