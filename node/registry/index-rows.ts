// What a mutation changes in what this host's email index shows: the rows by which the copies of other hosts follow it. Like the events, a
// function of the agent before and after the mutation, and of nothing else. A row does not say under which URL the host is reached: each
// reader knows that from its own hosts.json, and an edit of that file is no change of the registry.
import type { IndexRows } from '../../mesh/feed/feed-entry.ts';
import type { SnapshotAgent } from '../../mesh/feed/messages.ts';
import { isSameRow } from '../../mesh/feed/row-equality.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { Agent, AgentAddress } from './agent.ts';
import { type KeptAgent, unpacked } from './packed-agents.ts';

export interface RowChange {
  readonly rows: IndexRows;
  /** The rows that stood before under the keys of `rows`. */
  readonly replaced: readonly IndexRow[];
}

/** The agents as they are now, each read when its turn comes: an agent is replaced when it changes, and never altered. */
export function snapshotSources(agents: readonly KeptAgent[]): readonly { read(): SnapshotAgent }[] {
  return agents.map((kept) => ({
    read: () => {
      const agent = unpacked(kept);
      return { id: agent.id, name: agent.name, sequence: agent.sequence, rows: rowsOf(agent) };
    },
  }));
}

/** The rows that the index shows of an agent: none while its email is disabled. */
export function rowsOf(agent: Agent | undefined): readonly IndexRow[] {
  return rowsFor(agent, shownOf(agent));
}

/** The rows of these agents, each unpacked when its turn comes. */
export function* rowsOfAll(agents: Iterable<KeptAgent>): Iterable<IndexRow> {
  for (const agent of agents) yield* rowsOf(unpacked(agent));
}

/** `undefined` when the index shows the same afterwards. */
export function rowsBetween(before: Agent | undefined, after: Agent | undefined): RowChange | undefined {
  const [shownBefore, shownAfter] = [shownOf(before), shownOf(after)];
  // As long as the agent has its name, an address that is the same object has the same row: of ten, mostly one is another.
  const isNamedAlike = before?.name === after?.name;
  const others = (of: readonly AgentAddress[], than: readonly AgentAddress[]) =>
    isNamedAlike ? of.filter((entry) => !than.includes(entry)) : of;
  const was = new Map(rowsFor(before, others(shownBefore, shownAfter)).map((row) => [row.key, row]));
  const is = rowsFor(after, others(shownAfter, shownBefore));
  const kept = new Set(is.map(({ key }) => key));
  const put = is.filter((row) => !isSameRow(was.get(row.key), row));
  const drop = [...was.keys()].filter((key) => !kept.has(key));
  if (put.length + drop.length === 0) return undefined;
  const replaced = [...put.map(({ key }) => key), ...drop].flatMap((key) => was.get(key) ?? []);
  return { rows: { drop, put }, replaced };
}

function shownOf(agent: Agent | undefined): readonly AgentAddress[] {
  return agent?.emailEnabled ? agent.addresses : [];
}

function rowsFor(agent: Agent | undefined, addresses: readonly AgentAddress[]): readonly IndexRow[] {
  return agent === undefined ? [] : addresses.map((address) => rowOf(agent, address));
}

/** A row with its members in the order of canonical JSON (mesh/feed/canonical-json.ts). */
function rowOf({ id, name, hostId }: Agent, { address, key, displayName, primary, metadata }: AgentAddress): IndexRow {
  return {
    address,
    agentId: id,
    agentName: name,
    ...(displayName === undefined ? {} : { displayName }),
    hostId,
    key,
    ...(metadata === undefined ? {} : { metadata }),
    primary,
  };
}
