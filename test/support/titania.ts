// The specification's example agent, and what tests of the agents' routes do with it.

import type { AddressKey, HostId } from '../../mesh/names.ts';
import { changesOf } from './agent-changes.ts';
import { type Answer, call, type TestRegistry } from './test-registry.ts';

export const titania = {
  name: '23blocks-iac',
  label: 'Titania',
  tools: {
    email: {
      addresses: [
        { address: 'Titania@23blocks.example.com', primary: true, displayName: 'Titania' },
        { address: 'iac@tool.example.com', displayName: 'IaC Team', metadata: { tenant: 'tool' } },
      ],
    },
  },
};

export const create = (node: TestRegistry, body: unknown): Promise<Answer> =>
  call(node.app, 'POST', '/api/agents', body);
export const patch = (node: TestRegistry, id: string, body: unknown): Promise<Answer> =>
  call(node.app, 'PATCH', `/api/agents/${id}`, body);

/** Names of the events since `after`, and the fields of `agent.updated`. */
export async function eventsSince(node: TestRegistry, after: number): Promise<readonly string[]> {
  const entries = await node.registry.changes.read(after, 1_000);
  return entries.map((entry) => [entry.event, ...(changesOf(entry).fields ?? [])].join(' '));
}

/** The address is an agent's of another host. */
export function givenAway(node: TestRegistry, address: string): void {
  const owner = { hostId: 'cloud' as HostId, agentName: 'puck', agentId: 'p', claimId: 'c', since: '2026-01-01' };
  node.claims.owners.set(address as AddressKey, owner as never);
}
