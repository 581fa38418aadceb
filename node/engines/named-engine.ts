// Opens the engine that `MESH_CLAIMS` names; nothing is asked of it yet.
import type { LookupFunction } from 'node:net';
import type { ClaimEngine } from '../../mesh/engine/claim-engine.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Secret } from '../secret.ts';
import { openEtcd } from './etcd-engine.ts';
import { openPostgres } from './postgres-engine.ts';

/** `ports.lookup`: of the engine's names. `undefined`: the mesh's own voters. Rejects with a sentence that holds no password. */
export async function openClaimEngine(
  named: Secret | undefined,
  ports: { readonly clock: Clock; readonly lookup: LookupFunction },
): Promise<ClaimEngine | undefined> {
  const url = named?.reveal();
  if (url === undefined || url === 'quorum') return undefined;
  return url.startsWith('etcd:') ? openEtcd(url, ports) : openPostgres(url, ports.lookup);
}
