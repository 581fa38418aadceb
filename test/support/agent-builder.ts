// Builds agents for tests of pure functions: an address is its own key, and the first one is primary.
import type { AddressKey, AgentId, ClaimId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { WantedAddress } from '../../node/registry/address-list.ts';
import type { Agent, AgentAddress } from '../../node/registry/agent.ts';

export function anAgent(addresses: readonly string[] = [], members: Partial<Agent> = {}): Agent {
  return {
    id: 'a1' as AgentId,
    name: 'titania',
    label: null,
    hostId: 'mac' as HostId,
    emailEnabled: true,
    addresses: addresses.map((address, at) => anAddress(address, { primary: at === 0 })),
    createdAt: '2026-01-27T12:00:00.000Z',
    updatedAt: '2026-01-27T12:00:00.000Z',
    sequence: 0,
    ...members,
  };
}

export function anAddress(address: string, members: Partial<AgentAddress> = {}): AgentAddress {
  const claimId = `claim of ${address}` as ClaimId;
  const since = '2026-01-27T12:00:00.000Z';
  return { address: address as EmailAddress, key: address as AddressKey, claimId, since, primary: false, ...members };
}

/** What a client asks for, parsed. */
export function wish(address: string, members: Partial<WantedAddress> = {}): WantedAddress {
  const none = { primary: undefined, displayName: undefined, metadata: undefined };
  return { address: address as EmailAddress, key: address as AddressKey, ...none, ...members };
}
