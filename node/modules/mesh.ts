// This host among the others: who is there, who votes, and whether an address can be claimed.
import type { HostCopies } from '../feed/host-copies.ts';
import { claimRoutes } from '../http/routes/claims.ts';
import { type HealthRoutesOptions, healthRoutes } from '../http/routes/health.ts';
import { operatorDecisionRoutes } from '../http/routes/operator-decisions.ts';
import { forgetHosts, type HostRecords } from '../peers/forgotten-hosts.ts';
import type { Store } from '../store/store.ts';
import { meshFigures } from './mesh-metrics.ts';
import type { Module, Parts } from './module.ts';

/** `others`: modules, some of which know more of a peer. */
export function openMeshModule({ options, ports, mesh, copies }: Parts, others: readonly Module[]): Module {
  const { peers, claims } = mesh;
  const { presence, legacy, legacyClaims } = peers;
  const shown: HealthRoutesOptions = {
    ...{ claims, legacy, version: options.version, publicKey: ports.signer.publicKey },
    roster: options.roster.current,
    peer: (id) => presence.of(id),
    more: (id) => Object.assign({}, ...others.map(({ ofPeer }) => ofPeer?.(id))),
    obstacle: () => legacyClaims.obstacle(),
  };
  return {
    measures: meshFigures({ roster: options.roster.current, mesh, version: options.version }),
    peerRoutes: claimRoutes(claims.voter),
    routes: (app) => {
      healthRoutes(app, shown);
      operatorDecisionRoutes(app, claims);
    },
    shown: { mesh: shown },
    run: async (signal) => {
      const { clock, log } = ports;
      const records = [...mesh.hostRecords, formerLogs(copies, ports.store)];
      await Promise.all([peers.run(claims.greet), forgetHosts({ records, known: mesh.known, clock, log }, signal)]);
    },
  };
}

function formerLogs(copies: HostCopies, store: Pick<Store, 'commit'>): HostRecords {
  return {
    hosts: () => copies.leftHosts(),
    forget: async (ids) => {
      const { writes, apply } = copies.forgetLeft(ids);
      await store.commit(writes);
      apply();
    },
  };
}
