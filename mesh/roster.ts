// Which hosts are in the mesh as this operator wishes it, and which of them vote. hosts-json.ts reads it from the file.
// A roster is a wish. What the mesh has agreed on is its configuration (state/config.ts).
import type { HostId } from './names.ts';

/** Hosts up to which all vote; of more, only those that hosts.json marks `"voter": true`. */
export const IMPLICIT_VOTERS_MAX = 7;

/** One entry of hosts.json. */
export interface Host {
  readonly id: HostId;
  readonly name: string;
  /** `http(s)://host:port`, without a trailing slash. */
  readonly url: string;
  readonly enabled: boolean;
  /** What the file says of the host's vote; absent: nothing. */
  readonly voter: boolean | undefined;
  /** Whether the host only serves the look-up, by the file. Absent: this is found out by asking the host. */
  readonly legacy: boolean | undefined;
  /** Base64url of the raw Ed25519 public key (32 octets). Absent: the first key that the host shows is trusted, where that is allowed. */
  readonly publicKey: string | undefined;
  readonly aliases: readonly string[];
  /** The whole entry as the file has it, its id lower-cased, for `GET /api/hosts`. */
  readonly entry: Readonly<Record<string, unknown>>;
}

/** hosts.json, seen from one of its hosts. */
export interface Roster {
  readonly self: Host;
  /** In the order of hosts.json. This host is among them, unless it was taken out of the file while it runs. */
  readonly hosts: readonly Host[];
  /** Every other enabled host, in the order of hosts.json: the hosts that look-ups ask. */
  readonly peers: readonly Host[];
  /** Hosts that vote on claims, sorted by id. Empty when more than seven are listed and none is marked. */
  readonly voters: readonly HostId[];
  /** Entries of the original's own file that can't be used, a sentence each. */
  readonly leftOut: readonly string[];
  get(id: HostId): Host | undefined;
}

/** The roster of hosts that are parsed already. */
export function rosterOf(hosts: readonly Host[], self: Host): Roster {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  return {
    self,
    hosts,
    peers: hosts.filter((host) => host.enabled && host.id !== self.id),
    voters: votersOf(hosts),
    leftOut: [],
    get: (id) => byId.get(id),
  };
}

/** The hosts that vote: up to seven enabled ones all, unless they are marked `"voter": false`; of more, those that are marked `"voter": true`. */
function votersOf(hosts: readonly Host[]): readonly HostId[] {
  const enabled = hosts.filter((host) => host.enabled);
  const few = enabled.length <= IMPLICIT_VOTERS_MAX;
  return enabled
    .filter((host) => (few ? host.voter !== false : host.voter === true))
    .map((host) => host.id)
    .sort();
}
