// Reads all agents of a host as of one place, page by page: every page is checked, and the whole is held against the digest that the host
// signed. It is as large as a host may be, whatever the host sends.
import { changedDigest, EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import { type FeedRefusal, rowFault } from '../../mesh/feed/follower.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import { FEED_VERSION, type SnapshotAgent, snapshotAgentSchema } from '../../mesh/feed/messages.ts';
import { INDEX_ENTRIES_MAX } from '../../mesh/limits.ts';
import type { ParseAddress } from '../../mesh/lookup/index-entry.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { Turns } from '../../mesh/time/turns.ts';
import type { FeedQuestions } from './feed-questions.ts';

/** Agents of one host. Its addresses are bound as those of an index are. */
const SNAPSHOT_AGENTS_MAX = 200_000;

export interface Snapshot {
  readonly kind: 'snapshot';
  readonly agents: readonly SnapshotAgent[];
  readonly head: SignedHead;
}

export interface SnapshotSource {
  readonly hostId: HostId;
  readonly questions: Pick<FeedQuestions, 'page'>;
  readonly isGenuine: (head: SignedHead) => boolean;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
  readonly bounds?: SnapshotBounds;
}

interface SnapshotBounds {
  readonly agentsMax: number;
  /** Addresses of all agents together. */
  readonly rowsMax: number;
}

const BOUNDS: SnapshotBounds = { agentsMax: SNAPSHOT_AGENTS_MAX, rowsMax: INDEX_ENTRIES_MAX };

/** `gone`: the host has dropped the snapshot meanwhile. Rejects as the questions do. */
export async function readSnapshot(
  { hostId, questions, isGenuine, parseAddress, clock, bounds = BOUNDS }: SnapshotSource,
  signal: AbortSignal,
): Promise<Snapshot | FeedRefusal | { readonly kind: 'gone' }> {
  const agents: SnapshotAgent[] = [];
  const seen = new Set<AgentId>();
  let rows = 0;
  const turns = new Turns(clock);
  let digest = EMPTY_DIGEST;
  let name: string | undefined;
  for (;;) {
    const asked = name === undefined ? {} : { snapshot: name };
    const page = await questions.page({ version: FEED_VERSION, ...asked, from: agents.length }, signal);
    if (page.kind === 'gone') return page;
    if (page.head.hostId !== hostId || !isGenuine(page.head)) return refused(hostId, 'did not sign its snapshot');
    for (const one of page.agents) {
      if (turns.isOver) await turns.next();
      const agent = snapshotAgentSchema.safeParse(one);
      if (!agent.success) return refused(hostId, 'sent something else where an agent belongs in its snapshot');
      const fault = agentFault({ hostId, parseAddress }, agent.data);
      if (fault !== undefined) return fault;
      if (seen.size === seen.add(agent.data.id).size) return refused(hostId, 'has an agent twice in its snapshot');
      rows += agent.data.rows.length;
      if (seen.size > bounds.agentsMax || rows > bounds.rowsMax)
        return refused(hostId, 'has more agents or addresses than a host may have');
      digest = changedDigest(digest, [], agent.data.rows);
      agents.push(agent.data);
    }
    if (page.more && page.agents.length > 0) {
      name = page.snapshot;
      continue;
    }
    if (digest !== page.head.digest) return refused(hostId, 'sent a snapshot that is not what it signed');
    return { kind: 'snapshot', agents, head: page.head };
  }
}

/** An agent has its own addresses alone. */
function agentFault(of: Pick<SnapshotSource, 'hostId' | 'parseAddress'>, { id, name, rows }: SnapshotAgent) {
  const isForeign = rows.some(({ agentId, agentName }) => agentId !== id || agentName !== name);
  return isForeign ? refused(of.hostId, 'shows an address under another agent than its own') : rowFault(of, rows);
}

function refused(hostId: HostId, what: string): FeedRefusal {
  return { kind: 'refused', reason: 'broken', why: `Host '${hostId}' ${what}.` };
}
