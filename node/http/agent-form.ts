// How the API shows an agent: the specification's form ("Agent Registry Example"). What only this node needs stays here.
import type { Agent, AgentAddress } from '../registry/agent.ts';

/** `{address, primary, displayName?, metadata?}` */
export function addressForm({ address, primary, displayName, metadata }: AgentAddress) {
  return {
    address,
    primary,
    ...(displayName === undefined ? {} : { displayName }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

/** `{id, name, label, hostId, metadata?, tools: {email: {enabled, addresses}}, createdAt, updatedAt}` */
export function agentForm(agent: Agent) {
  const { id, name, label, hostId, metadata, createdAt, updatedAt } = agent;
  const email = { enabled: agent.emailEnabled, addresses: agent.addresses.map(addressForm) };
  const more = metadata === undefined ? {} : { metadata };
  return { id, name, label, hostId, ...more, tools: { email }, createdAt, updatedAt };
}

/** `{agentId, agentName, addresses}` */
export function addressListForm(agent: Agent) {
  return { agentId: agent.id, agentName: agent.name, addresses: agent.addresses.map(addressForm) };
}
