// What every mutation of the registry works with, put together once by registry.ts.

import { CLAIM_MS_MAX } from '../../mesh/limits.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { KeyedLock } from '../../mesh/time/keyed-lock.ts';
import type { NewUuid } from '../../mesh/uuid.ts';
import type { AddressClaims } from './address-claims.ts';
import type { AgentTable } from './agent-table.ts';
import type { AgentWriter } from './agent-writer.ts';
import type { IdentityParser } from './wanted-addresses.ts';

/** How long a mutation waits for others of the same agent, name or address: as long as one claim can take. */
export const LOCK_WAIT_MS_MAX = CLAIM_MS_MAX;

export interface RegistryParts {
  readonly table: AgentTable;
  readonly writer: AgentWriter;
  readonly addressClaims: AddressClaims;
  /** Locks of agents, by their ids. */
  readonly locks: KeyedLock;
  readonly parseAddress: IdentityParser;
  readonly clock: Clock;
  readonly newUuid: NewUuid;
  readonly hostId: HostId;
}

/** The moment, on the monotonic clock, until which a mutation that begins now waits for its locks. */
export function lockDeadline(clock: Clock): number {
  return clock.monotonicMs() + LOCK_WAIT_MS_MAX;
}
