// The node itself: whether it is alive, whether it may claim, and who is in its mesh.
import type { Hono } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import type { MembershipView } from '../../../mesh/membership/claim-status.ts';
import type { HostId } from '../../../mesh/names.ts';
import type { Host, Roster } from '../../../mesh/roster.ts';
import type { ClaimStatus } from '../../../mesh/state/claim-store.ts';
import type { Seen } from '../../peers/heartbeat/presence.ts';
import type { LegacyClaims } from '../../peers/legacy/legacy-claims.ts';
import type { LegacyPeers } from '../../peers/legacy/legacy-peers.ts';
import { proxyHeaderIn } from '../gate/proxies.ts';
import { resource } from '../methods.ts';
import type { OperatorDecisionServices } from './operator-decisions.ts';

export interface HealthRoutesOptions {
  readonly version: string;
  readonly roster: () => Roster;
  readonly claims: { readonly store: { status(): ClaimStatus } } & OperatorDecisionServices;
  /** Base64url: what other operators put into hosts.json as this host's `publicKey`. */
  readonly publicKey: string;
  /** What is known of a peer. */
  readonly peer: (id: HostId) => Seen;
  readonly legacy: Pick<LegacyPeers, 'has' | 'remark'>;
  /** Why no claim can be made because of legacy peers. */
  readonly obstacle: LegacyClaims['obstacle'];
  /** Members that other parts of the node show of a peer. */
  readonly more: (id: HostId) => Readonly<Record<string, unknown>>;
}

export function healthRoutes(app: Hono, options: HealthRoutesOptions): void {
  const { version, roster, claims } = options;
  resource(app, '/health', {
    GET: (c) => {
      // Who asks through a proxy learns whether it says so: without that, nobody who comes through it is told from a program of this machine.
      const forwarded = proxyHeaderIn([...c.req.raw.headers.keys()]) !== undefined;
      return c.json({ status: 'ok', version, host: roster().self.id, forwarded });
    },
  });
  resource(app, '/ready', {
    GET: (c) => {
      const status = claims.store.status();
      const obstacle = options.obstacle();
      if (status.ready && obstacle !== undefined)
        throw new MeshError('uniqueness_unavailable', obstacle.message, {
          extra: { ready: false, reason: 'legacy_peer', hosts: obstacle.hosts, claims: status },
          retryAfterSeconds: 1,
        });
      if (status.ready) return c.json({ ready: true, claims: status });
      throw new MeshError('uniqueness_unavailable', status.why ?? 'No claim can be made now.', {
        extra: { ready: false, reason: status.reason, hosts: status.hosts, claims: status },
        retryAfterSeconds: 1,
      });
    },
  });
  resource(app, '/api/hosts', {
    GET: (c) => {
      const voters = new Set(claims.store.status().voters);
      return c.json({
        hosts: roster().hosts.map((host) => describeHost(host, voters, options)),
        ...meshOf(claims),
      });
    },
  });
  resource(app, '/api/hosts/identity', {
    GET: (c) => {
      const { id, name, url } = roster().self;
      return c.json({ host: { id, name, url, version, publicKey: options.publicKey, isSelf: true } });
    },
  });
}

/** Who votes, where that is the mesh's own affair. */
function meshOf({ membership }: HealthRoutesOptions['claims']): { readonly mesh?: MembershipView } {
  return membership === undefined ? {} : { mesh: membership() };
}

/** An entry of hosts.json with what is known of that host; how far its key is trusted stands in `key`. */
function describeHost(
  host: Host,
  voters: ReadonlySet<HostId>,
  { roster, peer, publicKey, legacy, more }: HealthRoutesOptions,
): Readonly<Record<string, unknown>> {
  const isSelf = host.id === roster().self.id;
  const votes = voters.has(host.id);
  const seen = isSelf ? { status: 'online', publicKey } : host.enabled ? peer(host.id) : { status: 'disabled' };
  const remark = legacy.remark(host.id);
  const isLegacy = legacy.has(host.id);
  const said = {
    ...(isLegacy || host.legacy ? { legacy: isLegacy } : {}),
    ...(remark === undefined ? {} : { remark }),
    ...more(host.id),
  };
  return { ...host.entry, ...said, name: host.name, url: host.url, enabled: host.enabled, votes, isSelf, ...seen };
}
