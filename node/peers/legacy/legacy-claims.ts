// What peers that serve only the look-up have to do with this host's claims: each of them is asked before a claim, and one that does not
// answer stands in the way, as far as the operator's mode says so.
import { MeshError } from '../../../mesh/errors.ts';
import type { SpelledAddress } from '../../../mesh/lookup/index-entry.ts';
import {
  askLegacyPeers,
  type LegacyMode,
  type LegacyOwner,
  type LegacyPorts,
} from '../../../mesh/lookup/legacy-hosts.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Log } from '../../log.ts';
import type { Introductions } from '../introductions.ts';
import type { LegacyPeers } from './legacy-peers.ts';

export interface LegacyClaimsOptions extends LegacyPorts {
  readonly mode: LegacyMode;
  readonly peers: Pick<LegacyPeers, 'listed' | 'unmet' | 'whySilent' | 'asked'>;
  readonly introductions: Pick<Introductions, 'meetAll'>;
  readonly log: Log;
  /** Aborts when the node stops. */
  readonly stopping: AbortSignal;
}

/** Why no claim can be made because of them. */
export interface LegacyObstacle {
  readonly message: string;
  readonly hosts: readonly HostId[];
}

export class LegacyClaims {
  readonly #options: LegacyClaimsOptions;

  constructor(options: LegacyClaimsOptions) {
    this.#options = options;
  }

  /** What is known beforehand; a claim asks. */
  obstacle(): LegacyObstacle | undefined {
    const { peers, mode } = this.#options;
    const hosts = peers.listed();
    if (hosts.length > 0 && mode === 'strict') return forbidden(hosts);
    const silent = hosts.flatMap((hostId) => {
      const why = peers.whySilent(hostId);
      return why === undefined ? [] : [{ hostId, why }];
    });
    return silent.length === 0 || mode === 'lenient' ? undefined : unanswered(silent);
  }

  /** Before a claim. Throws `uniqueness_unavailable`; resolves with an owner when there is one. */
  async ownerOf(addresses: readonly SpelledAddress[]): Promise<LegacyOwner | undefined> {
    const { peers, introductions, mode, log, stopping } = this.#options;
    const unmet = peers.unmet();
    if (unmet.length > 0) await introductions.meetAll(unmet, stopping);
    const listed = peers.listed();
    if (listed.length === 0) return undefined;
    if (mode === 'strict') throw unavailable(forbidden(listed));
    const { owners, silent } = await askLegacyPeers(this.#options, listed, addresses);
    peers.asked(listed, silent);
    if (owners[0] !== undefined) return owners[0];
    if (silent.length === 0) return undefined;
    if (mode === 'detect') throw unavailable(unanswered(silent));
    log.warn('legacy.not_asked', { hostIds: silent.map(({ hostId }) => hostId), addresses: addresses.length });
    return undefined;
  }
}

function forbidden(hosts: readonly HostId[]): LegacyObstacle {
  const message = `hosts.json lists ${hosts.join(', ')}, which serve only the look-up, and MESH_LEGACY=strict allows none: with such a host nobody can promise that an address has one owner. Take it out of hosts.json, or bring it up to date.`;
  return { message, hosts };
}

function unanswered(silent: readonly { readonly hostId: HostId; readonly why: string }[]): LegacyObstacle {
  const hosts = silent.map(({ hostId }) => hostId);
  const message = `${hosts.join(', ')} serves only the look-up, and could not be asked whether it has the address: ${silent[0]?.why} Start it, take it out of hosts.json, or go on without it with MESH_LEGACY=lenient.`;
  return { message, hosts };
}

function unavailable({ message, hosts }: LegacyObstacle): MeshError {
  return new MeshError('uniqueness_unavailable', `${message} Nothing was claimed.`, {
    extra: { reason: 'legacy_peer', hostsFailed: hosts },
    retryAfterSeconds: 2,
  });
}
