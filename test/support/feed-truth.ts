// What each host's log said and its index showed, place by place, as the simulation saw it become durable: what copies and readers elsewhere
// are held against. A place can have more than one entry where a host's data was set back, so that states go by the chain.
import { canonicalJson } from '../../mesh/feed/canonical-json.ts';
import { nextChain } from '../../mesh/feed/chain.ts';
import type { FeedEntry } from '../../mesh/feed/feed-entry.ts';
import type { Place } from '../../mesh/feed/place.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AgentId, HostId } from '../../mesh/names.ts';
import { feedEntryOf, type OwnEntry } from '../../node/changes/change-log.ts';

/** The agents of one host, as its events tell of them: of each its name and the addresses that are shown. */
export type ToldAgents = ReadonlyMap<AgentId, string>;

/** What a host had at one place of its log. */
interface State {
  /** Rows of its index as canonical JSON, by key. */
  readonly rows: ReadonlyMap<string, string>;
  readonly agents: ToldAgents;
}

export const NO_STATE: State = { rows: new Map(), agents: new Map() };

/** What an event tells of, whoever tells it. */
export interface Told {
  readonly event: string;
  readonly agent: { readonly id: AgentId; readonly name: string };
  readonly changes: unknown;
}

/** The agents once the event has happened. */
export function agentsAfter(agents: ToldAgents, { event, agent, changes }: Told): ToldAgents {
  const after = new Map(agents);
  if (event === 'agent.deleted') after.delete(agent.id);
  else after.set(agent.id, agentText(agent.name, (changes as { current: readonly string[] }).current));
  return after;
}

/** An agent's name and addresses as one text. */
export function agentText(name: string, addresses: readonly string[]): string {
  return `${name}: ${[...addresses].sort().join(' ')}`;
}

export function sameMaps(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  return one.size === other.size && [...one].every(([key, text]) => other.get(key) === text);
}

export function rowTexts(rows: Iterable<IndexRow>): ReadonlyMap<string, string> {
  return new Map([...rows].map((row) => [row.key, canonicalJson(row)]));
}

export class FeedTruth {
  readonly #states = new Map<string, State>();
  readonly #entries = new Map<string, Set<string>>();
  readonly #chains = new Map<string, Set<string>>();
  /** Every row that a host ever showed. */
  readonly #shown = new Map<HostId, Set<string>>();

  /** A log as it was found at a start, or newly begun. */
  begin(hostId: HostId, { place, chain }: Pick<OwnEntry, 'place' | 'chain'>, state: State): void {
    this.#keep(hostId, { ...place, chain }, state);
  }

  /** An own entry that became durable, and the chain before it. Returns what is wrong with it. */
  add(hostId: HostId, before: string, entry: OwnEntry): readonly string[] {
    const told = feedEntryOf(entry);
    const place = placeOf(hostId, entry.place.logId, told.n);
    this.#entries.set(place, (this.#entries.get(place) ?? new Set()).add(textOf(told)));
    if (nextChain(before, told) !== entry.chain) return [`${hostId} has a chain that does not fit its entry ${told.n}`];
    const state = this.state(hostId, before);
    if (state === undefined) return [`${hostId} goes on at ${told.n} from a place that was never seen`];
    const after = { rows: rowsAfter(state.rows, told), agents: agentsAfter(state.agents, told) };
    this.#keep(hostId, { ...entry.place, chain: entry.chain }, after);
    return [];
  }

  state(hostId: HostId, chain: string): State | undefined {
    return this.#states.get(of(hostId, chain));
  }

  /** What the host had at a place: several states where its data was set back. */
  statesAt(hostId: HostId, { logId, n }: Place): readonly State[] {
    const chains = this.#chains.get(placeOf(hostId, logId, n)) ?? [];
    return [...chains].flatMap((chain) => this.state(hostId, chain) ?? []);
  }

  /** Whether a host's log ever said that at that place. */
  hasSaid(hostId: HostId, logId: string, entry: FeedEntry): boolean {
    return this.#entries.get(placeOf(hostId, logId, entry.n))?.has(textOf(entry)) ?? false;
  }

  hasShown(hostId: HostId, row: string): boolean {
    return this.#shown.get(hostId)?.has(row) ?? false;
  }

  #keep(hostId: HostId, { logId, n, chain }: Place & { readonly chain: string }, state: State): void {
    const place = placeOf(hostId, logId, n);
    this.#chains.set(place, (this.#chains.get(place) ?? new Set()).add(chain));
    this.#states.set(of(hostId, chain), state);
    const shown = this.#shown.get(hostId) ?? new Set();
    for (const row of state.rows.values()) shown.add(row);
    this.#shown.set(hostId, shown);
  }
}

function rowsAfter(rows: ReadonlyMap<string, string>, { rows: changed }: FeedEntry): ReadonlyMap<string, string> {
  if (changed === undefined) return rows;
  const after = new Map(rows);
  for (const key of changed.drop) after.delete(key);
  for (const row of changed.put) after.set(row.key, canonicalJson(row));
  return after;
}

/** The entry without what only this host keeps of it. */
function textOf({ n, id, event, timestamp, agent, sequence, changes, rows }: FeedEntry): string {
  return canonicalJson({ n, id, event, timestamp, agent, sequence, changes, rows });
}

function of(hostId: HostId, chain: string): string {
  return `${hostId} ${chain}`;
}

function placeOf(hostId: HostId, logId: string, n: number): string {
  return `${hostId} ${logId} ${n}`;
}
