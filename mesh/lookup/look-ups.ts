// The three ways to ask the whole mesh: everybody, as the specification says; the owner by the copy alone; or nobody.
import type { HostId } from '../names.ts';
import { type CopyLookUps, createCopyLookUps, type LocalCopyPorts } from './copy-answer.ts';
import { createLookUp, type LookUp, type LookUpMode } from './fan-out.ts';
import type { Question } from './index-entry.ts';
import type { MeshCopy } from './mesh-copy.ts';
import { createOwnerFirst } from './owner-first.ts';
import type { PeerIndexPorts } from './peer-index.ts';

export interface LookUpsPorts extends PeerIndexPorts, LocalCopyPorts {
  /** Whether the heartbeat does not reach the peer. */
  readonly isDown: (peer: HostId) => boolean;
}

export type LookUps = Readonly<Record<LookUpMode | 'everybody', LookUp>> & Pick<CopyLookUps, 'known' | 'knownJson'>;

/** Every way to look up, by the `mode` that a client asks for; `everybody` when it asks for none. */
export function createLookUps(ports: LookUpsPorts): LookUps {
  const isOwner = (peer: HostId, question: Question) => isNamed(ports.copy, peer, question);
  const everybody = createLookUp({ ...ports, isOwner });
  return { everybody, verify: createOwnerFirst({ ...ports, lookUp: everybody }), ...createCopyLookUps(ports) };
}

function isNamed(copy: MeshCopy, peer: HostId, { address, agentId }: Question): boolean {
  const rows = address !== undefined ? copy.ofAddress(address.key) : agentId !== undefined ? copy.ofAgent(agentId) : [];
  return rows.some(({ hostId }) => hostId === peer);
}
