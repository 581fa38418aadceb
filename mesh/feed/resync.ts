// What is told where a log does not reach: the difference between a snapshot and the copy that stood before, and the end of a host that is
// gone for good. The ids are made of the place, its chain, the agent and the event, so that every node gives them the same one.
import { hash } from 'node:crypto';
import type { IndexRow } from '../lookup/index-entry.ts';
import type { AgentId, EmailAddress, HostId } from '../names.ts';
import type { SnapshotAgent } from './messages.ts';
import type { Place } from './place.ts';
import { isSameRow } from './row-equality.ts';

/** An event that stands in no log. The form is that of `FeedEntry`. */
export interface ResyncEntry {
  readonly id: string;
  readonly event: 'agent.created' | 'agent.email.changed' | 'agent.updated' | 'agent.deleted';
  readonly timestamp: string;
  readonly agent: { readonly id: AgentId; readonly name: string; readonly hostId: HostId };
  readonly sequence: number;
  readonly changes: {
    readonly added: readonly EmailAddress[];
    readonly removed: readonly EmailAddress[];
    readonly modified: readonly EmailAddress[];
    readonly current: readonly EmailAddress[];
    readonly fields?: readonly string[];
  };
}

/** What the copy knew of an agent. */
export interface KnownAgent {
  readonly id: AgentId;
  readonly name: string;
  readonly rows: readonly IndexRow[];
}

/** `n`: where the host's log stands by then. */
export interface Occasion extends Place {
  /**
   * Why something is told that stands in no log: a snapshot of the host was taken; in it, an agent's addresses are other agents' by now; or
   * the host is gone for good.
   */
  readonly why: 'snapshot' | 'handover' | 'gone';
  readonly hostId: HostId;
  /** The chain of the log up to there: a log that was set back has other entries at the same place. Absent where it is not known. */
  readonly chain?: string | undefined;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/**
 * The events that make `after` of `before`, in the order in which a mutation tells them. `sequence` is the agent's own by then: a reader that
 * counts sees that events are missing, and that this is where they went. It is 0 where nobody can say it any more.
 */
export function resyncEntries(
  occasion: Occasion,
  before: KnownAgent | undefined,
  after: Pick<SnapshotAgent, 'id' | 'name' | 'rows' | 'sequence'> | undefined,
): readonly ResyncEntry[] {
  const named = after ?? before;
  if (named === undefined) return [];
  const changes = changesOf(before?.rows ?? [], after?.rows ?? []);
  const entry = (event: ResyncEntry['event'], fields?: readonly string[]): ResyncEntry => ({
    id: idOf(occasion, { agentId: named.id, event, current: changes.current }),
    event,
    timestamp: occasion.at,
    agent: { id: named.id, name: named.name, hostId: occasion.hostId },
    sequence: after?.sequence ?? 0,
    changes: fields === undefined ? changes : { ...changes, fields },
  });
  const isShown = changes.added.length + changes.removed.length + changes.modified.length > 0;
  const email = isShown ? [entry('agent.email.changed')] : [];
  if (before === undefined) return [entry('agent.created'), ...email];
  if (after === undefined) return [...email, entry('agent.deleted')];
  const fields = [...(before.name === after.name ? [] : ['name']), ...(isShown ? ['tools.email'] : [])];
  return fields.length === 0 ? [] : [...email, entry('agent.updated', fields)];
}

interface Identified {
  readonly agentId: AgentId;
  readonly event: string;
  readonly current: readonly EmailAddress[];
}

/** 32 hexadecimal digits. What an agent keeps when it hands addresses over depends on what the copy knew of it; then so does the id. */
function idOf({ why, logId, n, chain = '' }: Occasion, { agentId, event, current }: Identified): string {
  const kept = why === 'handover' ? [...current].sort() : [];
  return hash('sha256', [why, logId, n, chain, agentId, event, ...kept].join('\n'), 'hex').slice(0, 32);
}

function changesOf(before: readonly IndexRow[], after: readonly IndexRow[]): ResyncEntry['changes'] {
  const was = new Map(before.map((row) => [row.key, row]));
  const is = new Set(after.map(({ key }) => key));
  return {
    added: textsOf(after.filter(({ key }) => !was.has(key))),
    removed: textsOf(before.filter(({ key }) => !is.has(key))),
    modified: textsOf(after.filter((row) => isModified(was.get(row.key), row))),
    current: textsOf(after),
  };
}

function isModified(before: IndexRow | undefined, after: IndexRow): boolean {
  return before !== undefined && !isSameRow(before, after);
}

function textsOf(rows: readonly IndexRow[]): readonly EmailAddress[] {
  return rows.map(({ address }) => address);
}
