// The agent as this host owns it, in the specification's form ("Agent Registry Example"), with what only we keep beside it.
import type { AddressKey, AgentId, ClaimId, EmailAddress, HostId } from '../../mesh/names.ts';

export interface AgentAddress {
  readonly address: EmailAddress;
  readonly key: AddressKey;
  readonly claimId: ClaimId;
  /** ISO 8601, UTC: when it was claimed. */
  readonly since: string;
  readonly primary: boolean;
  readonly displayName?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An address as it is kept somewhere: as itself, or as what it is read from. */
export interface AddressSource extends Omit<AgentAddress, 'displayName' | 'metadata'> {
  readonly displayName?: string | undefined;
  readonly metadata?: AgentAddress['metadata'] | undefined;
}

/** What tells an agent from others, and shows or hides its addresses. */
export interface AgentHead {
  readonly id: AgentId;
  readonly name: string;
  readonly hostId: HostId;
  readonly emailEnabled: boolean;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

export interface Agent extends AgentHead {
  readonly label: string | null;
  /** For programs; absent when there is none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** In the order they were added, or last sent as a whole list; at most ten. Exactly one is primary, unless the list is empty. */
  readonly addresses: readonly AgentAddress[];
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
  /** The last `sequence` given to a change of this agent. */
  readonly sequence: number;
  /** Hash of the body it was created from, when the client chose the id: the same body again is the same agent. */
  readonly createdFrom?: string;
}
