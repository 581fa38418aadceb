// Everything about peers that is made once the transport is there: who of them is there, the one conversation with each of them, and what
// those that serve only the look-up are asked.
import type { LegacyMode, LegacyPorts } from '../../mesh/lookup/legacy-hosts.ts';
import type { AddressKey, HostId } from '../../mesh/names.ts';
import type { Random } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { type CircleOptions, circleOf } from './circle.ts';
import { meetOthers } from './heartbeat/acquaintance.ts';
import { type Greet, Heartbeat } from './heartbeat/heartbeat.ts';
import { Presence } from './heartbeat/presence.ts';
import { Introductions } from './introductions.ts';
import type { PeerKeys } from './keys/peer-keys.ts';
import { LegacyClaims } from './legacy/legacy-claims.ts';
import { LegacyDoubles } from './legacy/legacy-doubles.ts';
import type { LegacyPeers } from './legacy/legacy-peers.ts';

export interface PeersOptions extends LegacyPorts, CircleOptions {
  readonly mode: LegacyMode;
  readonly keys: PeerKeys;
  /** Who of them serves only the look-up. */
  readonly legacy: LegacyPeers;
  readonly random: Pick<Random, 'next'>;
  readonly log: Log;
  /** Changes with this host's email index: its ETag. */
  readonly index: () => string;
  /** Whether this host has the address, still. */
  readonly holds: (key: AddressKey) => boolean;
  /** When relays last heard a peer, by the monotonic clock. */
  readonly relayedAtMs: (id: HostId) => number | undefined;
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
  /** Asks the peers that this host keeps in touch with who they are, once; in a large mesh, those that vote. */
  meet(): Promise<void>;
  /** Asks a peer who it is, if that is not known. Rejects with `store_failed`. */
  meetOne(id: HostId, signal: AbortSignal): Promise<void>;
  /** Whether a peer is there by its own word, or this host does not greet it. */
  isMet(id: HostId): boolean;
  /** hosts.json was edited. Rejects with `store_failed`. */
  edited(): Promise<void>;
  /** Speaks with every peer until the node stops; see `Heartbeat.run`. */
  run(greet: Greet | undefined): Promise<void>;
}

/** Everything of peers that is made once there is a transport to them. Nobody is asked before `meet` or `run`. */
export function openPeers(options: PeersOptions): OpenPeers {
  const { keys, roster, legacy, stopping } = options;
  const introductions = new Introductions({ keys, legacy });
  const { isLarge, voters, company, others, ...waiting } = circleOf(options);
  // In a large mesh it is written in hosts.json who votes, whoever turns out to serve only the look-up.
  const isMetFirst = (id: HostId) => company().has(id) && (!isLarge() || voters().has(id));
  const presence = new Presence(options);
  const heartbeat = new Heartbeat({ ...options, ...waiting, company, introductions, presence });
  const whoElse = () => {
    // Others may vote by now.
    if (isLarge()) heartbeat.edited();
    return others();
  };
  const ofLegacy = { ...options, peers: legacy };
  return {
    presence,
    legacy,
    legacyClaims: new LegacyClaims({ ...ofLegacy, introductions }),
    legacyDoubles: new LegacyDoubles(ofLegacy),
    heartbeat,
    meet: () =>
      introductions.meetAll(
        roster().peers.flatMap(({ id }) => (isMetFirst(id) ? [id] : [])),
        stopping,
      ),
    meetOne: async (id, signal) => {
      await introductions.meet(id, signal);
    },
    isMet: (id) => !heartbeat.carries(id) || presence.of(id).status === 'online',
    edited: async () => {
      await legacy.edited();
      heartbeat.edited();
    },
    run: async (greet) => {
      const met = meetOthers({ ...options, others: whoElse, introductions }, stopping);
      await Promise.all([heartbeat.run(stopping, greet), met]);
    },
  };
}
