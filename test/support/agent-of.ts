// Builders of agents as a registry holds them, for tests that need no registry.
import type { AddressKey, AgentId, ClaimId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { Agent, AgentAddress } from '../../node/registry/agent.ts';

/** An address as stored; the key is the address itself, as for any plain lower-case one. */
export function addressOf(address: string, fields: Partial<AgentAddress> = {}): AgentAddress {
  return {
    address: address as EmailAddress,
    key: address as string as AddressKey,
    claimId: `claim-of-${address}` as ClaimId,
    since: '2026-01-27T12:00:00.000Z',
    primary: false,
    ...fields,
  };
}

/** Agent `id-NAME`, called NAME, on host `mac`; the first of its addresses is primary. */
export function agentOf(name: string, addresses: readonly string[] = [], fields: Partial<Agent> = {}): Agent {
  return {
    id: `id-${name}` as AgentId,
    name,
    label: null,
    hostId: 'mac' as HostId,
    emailEnabled: true,
    addresses: addresses.map((address, position) => addressOf(address, { primary: position === 0 })),
    createdAt: '2026-01-27T12:00:00.000Z',
    updatedAt: '2026-01-27T12:00:00.000Z',
    sequence: 1,
    ...fields,
  };
}
