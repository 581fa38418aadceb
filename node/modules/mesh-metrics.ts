// This host among the others, in numbers: who is there, whether addresses can be claimed, and the registers that it keeps.
import type { HostId } from '../../mesh/names.ts';
import type { Roster } from '../../mesh/roster.ts';
import type { OpenMesh } from '../mesh-module.ts';
import type { Figure } from '../metrics/measure.ts';
import type { Seen } from '../peers/heartbeat/presence.ts';

interface MeshFigureParts {
  readonly roster: () => Roster;
  readonly mesh: OpenMesh;
  readonly version: string;
}

export function meshFigures({ roster, mesh, version }: MeshFigureParts): readonly Figure[] {
  const { claims, peers } = mesh;
  const ofPeers = (reading: (seen: Seen) => number | undefined): readonly (readonly [HostId, number])[] =>
    roster().peers.flatMap(({ id }) => {
      const value = reading(peers.presence.of(id));
      return value === undefined ? [] : [[id, value] as const];
    });
  return [
    gauge('mesh_build_info', 'The version of this node, as its label.', () => [[version, 1]], 'version'),
    gauge(
      'mesh_peer_up',
      'Whether a peer answers (1) or not (0).',
      () => ofPeers(({ status }) => (status === 'online' ? 1 : 0)),
      'host',
    ),
    gauge(
      'mesh_peer_rtt_seconds',
      'How long the last greeting of a peer took.',
      () => ofPeers(({ rttMs }) => (rttMs === undefined ? undefined : rttMs / 1_000)),
      'host',
    ),
    gauge('mesh_claims_ready', 'Whether an address can be claimed now (1) or not (0).', () =>
      mesh.whyNoClaims() === undefined ? 1 : 0,
    ),
    gauge('mesh_claims_unsettled', 'Claims and releases that are not finished.', () => claims.store.status().unsettled),
    ...registerFigures(claims),
  ];
}

/** None where an engine keeps the claims. */
function registerFigures({ membership }: OpenMesh['claims']): readonly Figure[] {
  if (membership === undefined) return [];
  const registers = () => membership().registers;
  return [
    gauge('mesh_registers', 'Addresses of the mesh whose register this host keeps as a voter.', () => registers().kept),
    gauge(
      'mesh_registers_released',
      'Registers of addresses that nobody has, which wait to be collected.',
      () => registers().released,
    ),
    {
      kind: 'counter',
      name: 'mesh_registers_collected_total',
      help: 'Registers of released addresses that were dropped since the start.',
      read: () => registers().collected,
    },
  ];
}

function gauge(name: string, help: string, read: Figure['read'], label?: string): Figure {
  return { kind: 'gauge', name, help, read, ...(label === undefined ? {} : { label }) };
}
