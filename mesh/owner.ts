// Who has an address: the value that registers hold, that an engine keeps, and that a client is told.
// It does not say that the claim was chosen; whoever hands an owner on says that.
import type { AgentId, ClaimId, HostId } from './names.ts';

/** The host and agent that have an address, by one claim. */
export interface Owner {
  readonly hostId: HostId;
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly claimId: ClaimId;
  /** ISO 8601, UTC: when it was claimed, by the claimant's clock. */
  readonly since: string;
}
