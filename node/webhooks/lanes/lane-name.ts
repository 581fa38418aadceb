// Whose lane an entry belongs to. Agents of two hosts may have one id, so a lane is of a host's agent; of this host's agents the id alone is
// the name. Neither id holds a `/`.
import { type ChangeEntry, isHeard } from '../../changes/change-log.ts';

/** Unique in a subscription, and the end of the lane's key on the disk. */
export function laneName(entry: ChangeEntry): string {
  return nameOf({ agentId: entry.agent.id, hostId: hostOf(entry) });
}

/** The lane of an agent. `hostId`: absent for this host's own. */
export function nameOf({
  agentId,
  hostId,
}: {
  readonly agentId: string;
  readonly hostId?: string | undefined;
}): string {
  return hostId === undefined ? agentId : `${hostId}/${agentId}`;
}

/** `undefined`: this host. */
export function hostOf(entry: ChangeEntry): string | undefined {
  return isHeard(entry) ? entry.origin.hostId : undefined;
}
