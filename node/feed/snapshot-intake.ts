// Takes in all agents of a host as of one place, where its log does not reach back far enough: every page is checked, the whole is held
// against the digest that the host signed, and what differs from the copy is told as events of its own.
import { changedDigest, EMPTY_DIGEST } from '../../mesh/feed/digest.ts';
import { type FeedRefusal, rowFault } from '../../mesh/feed/follower.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import { FEED_VERSION, type SnapshotAgent, snapshotAgentSchema } from '../../mesh/feed/messages.ts';
import { isSameRow, type KnownAgent, type Occasion, type ResyncEntry, resyncEntries } from '../../mesh/feed/resync.ts';
import type { IndexRow, ParseAddress } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import { inTurns, Turns } from '../../mesh/time/turns.ts';
import type { FeedLog, NewHeardEntry } from '../changes/change-log.ts';
import type { FeedQuestions } from './feed-questions.ts';
import type { HostCopies } from './host-copies.ts';
import { RESYNC_ENTRIES_PER_COMMIT } from './limits.ts';

export interface Snapshot {
  readonly kind: 'snapshot';
  readonly agents: readonly SnapshotAgent[];
  readonly head: SignedHead;
}

export interface SnapshotSource {
  readonly hostId: HostId;
  readonly questions: FeedQuestions;
  readonly isGenuine: (head: SignedHead) => boolean;
  readonly parseAddress: ParseAddress;
  readonly clock: Clock;
}

/** `gone`: the host has dropped the snapshot meanwhile. Rejects as the questions do. */
export async function readSnapshot(
  { hostId, questions, isGenuine, parseAddress, clock }: SnapshotSource,
  signal: AbortSignal,
): Promise<Snapshot | FeedRefusal | { readonly kind: 'gone' }> {
  const agents: SnapshotAgent[] = [];
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
      const fault = rowFault({ hostId, parseAddress }, agent.data.rows);
      if (fault !== undefined) return fault;
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

export interface SnapshotSink {
  readonly copies: HostCopies;
  readonly changes: FeedLog;
  readonly clock: Clock;
  /** Of a snapshot; `RESYNC_ENTRIES_PER_COMMIT` when absent. */
  readonly entriesPerCommit?: number | undefined;
}

/**
 * Writes down what the snapshot changes, in parts: only with the last one is the host's place known, so that a node which stops in between
 * takes another snapshot. Rejects with `store_failed`.
 */
export async function takeSnapshot(
  { copies, changes, clock, entriesPerCommit = RESYNC_ENTRIES_PER_COMMIT }: SnapshotSink,
  { agents, head }: Snapshot,
): Promise<void> {
  const { hostId, logId, n, at } = head;
  const before = copies.agents(hostId);
  const there = new Set(agents.map(({ id }) => id));
  const occasion = { why: 'snapshot', hostId, logId, n, at } as const;
  const turns = new Turns(clock);
  let part = new Part(occasion);
  const commit = async (known: SignedHead | undefined) => {
    const { entries, rows, agents: told } = part;
    part = new Part(occasion);
    const { writes, apply } = copies.change(hostId, { rows, agents: told, head: known });
    await changes.hear(entries, writes, apply);
  };
  for (const known of before.values()) {
    if (turns.isOver) await turns.next();
    if (!there.has(known.id)) part.add(known, undefined);
    if (part.entries.length >= entriesPerCommit) await commit(undefined);
  }
  const exchanging = await exchangingAgents(before, agents, clock);
  for (const agent of agents) {
    if (turns.isOver) await turns.next();
    if (exchanging.has(agent.id)) part.add(before.get(agent.id), agent);
  }
  for (const agent of agents) {
    if (turns.isOver) await turns.next();
    if (!exchanging.has(agent.id)) part.add(before.get(agent.id), agent);
    if (part.entries.length >= entriesPerCommit) await commit(undefined);
  }
  await commit(head);
}

/**
 * Agents between which an address went. They belong in one commit, for the copy has each address once: told of apart, who lost it would take it
 * from who has it, or would be forgotten in a crash before the loss was told.
 */
async function exchangingAgents(
  before: ReadonlyMap<AgentId, KnownAgent>,
  agents: readonly SnapshotAgent[],
  clock: Clock,
): Promise<ReadonlySet<AgentId>> {
  const holders = new Map<AddressKey, AgentId>();
  const exchanging = new Set<AgentId>();
  await inTurns(before.values(), clock, ({ id, rows }) => {
    for (const { key } of rows) holders.set(key, id);
  });
  await inTurns(agents, clock, ({ id, rows }) => {
    for (const { key } of rows) {
      const holder = holders.get(key) ?? id;
      if (holder !== id) exchanging.add(holder).add(id);
    }
  });
  return exchanging;
}

/** The host is gone for good: its agents are told of as deleted. Rejects with `store_failed`. */
export async function announceGone(sink: SnapshotSink, hostId: HostId): Promise<void> {
  const { copies, changes, clock } = sink;
  const { logId = '', n = 0 } = copies.head(hostId) ?? {};
  const part = new Part({ why: 'gone', hostId, logId, n, at: new Date(clock.wallMs()).toISOString() });
  for (const known of copies.agents(hostId).values()) part.add(known, undefined);
  const { writes, apply } = copies.forget(hostId);
  await changes.hear(part.entries, writes, apply);
}

/** What is committed together. */
class Part {
  readonly entries: NewHeardEntry[] = [];
  readonly rows: { readonly put: IndexRow[]; readonly drop: AddressKey[] } = { put: [], drop: [] };
  readonly agents = new Map<AgentId, string | undefined>();
  readonly #occasion: Occasion;

  constructor(occasion: Occasion) {
    this.#occasion = occasion;
  }

  add(was: KnownAgent | undefined, is: SnapshotAgent | undefined): void {
    const { hostId, logId, n } = this.#occasion;
    const heard = (entry: ResyncEntry) => ({ ...entry, origin: { hostId, logId, n }, resync: true }) as const;
    this.entries.push(...resyncEntries(this.#occasion, was, is).map(heard));
    const before = new Map(was?.rows.map((row) => [row.key, row]));
    for (const row of is?.rows ?? []) {
      const known = before.get(row.key);
      before.delete(row.key);
      if (known === undefined || !isSameRow(known, row)) this.rows.put.push(row);
    }
    this.rows.drop.push(...before.keys());
    const id = is?.id ?? was?.id;
    if (id !== undefined) this.agents.set(id, is?.name);
  }
}

function refused(hostId: HostId, what: string): FeedRefusal {
  return { kind: 'refused', reason: 'broken', why: `Host '${hostId}' ${what}.` };
}
