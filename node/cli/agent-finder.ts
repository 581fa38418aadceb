// The agent that an operator means, by its id or by its name.

import type { NodeClient } from './node-client.ts';
import { readWholeList } from './whole-list.ts';

export interface AgentShown {
  readonly id: string;
  readonly name: string;
  readonly label: string | null;
  readonly hostId: string;
  readonly tools: { readonly email: { readonly enabled: boolean; readonly addresses: readonly AddressShown[] } };
  readonly createdAt: string;
}

export interface AddressShown {
  readonly address: string;
  readonly primary: boolean;
  readonly displayName?: string;
}

/** The agent with that id, else all with that name. */
export async function agentsCalled(call: NodeClient, given: string): Promise<readonly AgentShown[]> {
  const agents = await readWholeList<AgentShown>(call, '/api/agents', 'agents');
  const same = agents.filter(({ id }) => id === given);
  return same.length > 0 ? same : agents.filter(({ name }) => name === given);
}

/** Throws a sentence unless exactly one agent is meant. */
export async function findAgent(call: NodeClient, given: string): Promise<AgentShown> {
  const [agent, ...others] = await agentsCalled(call, given);
  if (agent === undefined)
    throw new Error(`The node has no agent whose id or name is '${given}'; npx mesh agents list shows those it has.`);
  if (others.length === 0) return agent;
  const ids = [agent, ...others].map(({ id }) => id).join(', ');
  throw new Error(`The node has ${others.length + 1} agents called '${given}': ${ids}. Name one by its id.`);
}
