// Two claims of one address, of which one host must concede its own: after a restored backup, a lost majority, or two meshes that were joined. The claim
// that the voters have stays, on every host. The address that was conceded is kept as it was, for an operator to look at and to decide otherwise.
import { z } from 'zod';
import type { AddressKey, AgentId, ClaimId, EmailAddress } from '../../mesh/names.ts';
import type { Owner } from '../../mesh/owner.ts';
import type { Write } from '../../mesh/ports.ts';
import { ownerSchema } from '../../mesh/state/schemas.ts';
import type { Agent, AgentAddress } from '../registry/agent.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';

/** An address that this host conceded. */
export interface AddressConflict {
  readonly key: AddressKey;
  readonly address: EmailAddress;
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly claimId: ClaimId;
  /** ISO 8601, UTC: when it was claimed here. */
  readonly since: string;
  readonly primary: boolean;
  readonly displayName?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** The owner of the address now. */
  readonly owner: Owner;
  /** ISO 8601, UTC. */
  readonly foundAt: string;
}

/** The conflict over an address that `agent` held here until `foundAt`, and that `owner` holds by the voters' word. */
export function conflictOf(
  agent: Agent,
  { key, address, claimId, since, primary, displayName, metadata }: AgentAddress,
  { owner, foundAt }: Pick<AddressConflict, 'owner' | 'foundAt'>,
): AddressConflict {
  return {
    ...{ key, address, claimId, since, primary, displayName, metadata, owner, foundAt },
    agentId: agent.id,
    agentName: agent.name,
  };
}

const PREFIX = 'conflict/';
const stored = z.object({
  key: z.string(),
  address: z.string(),
  agentId: z.string(),
  agentName: z.string(),
  claimId: z.string(),
  since: z.string(),
  primary: z.boolean(),
  displayName: z.string().optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  owner: ownerSchema,
  foundAt: z.string(),
});

/** Keeps the conflict, or forgets it when absent. */
export function conflictWrite(key: AddressKey, conflict: AddressConflict | undefined): Write {
  return { key: PREFIX + key, value: conflict };
}

/** Rejects with `store_failed` when a record can't be read. */
export async function loadConflicts(store: Store): Promise<AddressConflict[]> {
  const found: AddressConflict[] = [];
  for await (const page of store.load(PREFIX))
    for (const { key, value } of page) {
      const parsed = stored.safeParse(value);
      if (!parsed.success) throw damagedRecords(`The stored record '${key}' can't be read`);
      found.push(parsed.data as unknown as AddressConflict);
    }
  return found;
}
