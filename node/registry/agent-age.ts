// The order in which agents are listed. It never changes of an agent, so a list can be read page by page while agents come and go.
import type { AgentHead } from './agent.ts';

export type AgentAge = Pick<AgentHead, 'createdAt' | 'id'>;

/** Negative when `one` is older than `other`. Of two that were made at the same time the ids decide. */
export function compareAge(one: AgentAge, other: AgentAge): number {
  return compareTexts(one.createdAt, other.createdAt) || compareTexts(one.id, other.id);
}

function compareTexts(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
