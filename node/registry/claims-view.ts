// This host's registry as the claims see it: who holds an address here, in the claims' own words.

import type { Owner } from '../../mesh/owner.ts';
import type { RegistryView } from '../../mesh/state/registry-view.ts';
import type { AgentAddress, AgentHead } from './agent.ts';
import type { EmailIndex } from './email-index.ts';

/** The owner that a claim of `entry` for `agent` names. */
export function ownerOf(agent: AgentHead, { claimId, since }: Pick<AgentAddress, 'claimId' | 'since'>): Owner {
  return { hostId: agent.hostId, agentId: agent.id, agentName: agent.name, claimId, since };
}

/** What a voter asks this host's registry. */
export function claimsViewOf(index: Pick<EmailIndex, 'holder' | 'size' | 'keys'>): RegistryView {
  return {
    holder: (key) => {
      const held = index.holder(key);
      return held && ownerOf(held.agent, held.source);
    },
    isEmpty: () => index.size === 0,
    keys: () => index.keys(),
  };
}
