// Which changes a listener wants. As subscriptions to webhooks have it, mail is told of this host alone: it never travels.
import type { AgentId } from '../../mesh/names.ts';
import { type ChangeEntry, type ChangeEvent, isHeard } from './change-log.ts';

export interface ChangeFilter {
  /** `host`: what this host did. `mesh`: also what it heard of others. */
  readonly scope: 'host' | 'mesh';
  /** Absent: all, also those that this program does not know. */
  readonly events?: readonly ChangeEvent[] | undefined;
  readonly agentId?: AgentId | undefined;
}

/** Whether a reader with this filter is told of the entry. An absent `events` or `agentId` takes all. */
export function isWanted(entry: ChangeEntry, { scope, events, agentId }: ChangeFilter): boolean {
  if (scope === 'host' && isHeard(entry)) return false;
  if (agentId !== undefined && entry.agent.id !== agentId) return false;
  return events?.some((event) => event === entry.event) ?? true;
}
