// What is known of the other hosts, as one state in memory and on disk: their addresses, their agents, and how far the log of each was
// followed. A change of it comes as writes and a step: the writes go into one commit with what is told of them, and the step is taken once
// they are durable.

import type { Taken } from '../../mesh/feed/follower.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { KnownAgent, Occasion } from '../../mesh/feed/resync.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, HostId } from '../../mesh/names.ts';
import type { Clock, Write } from '../../mesh/ports.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { Store } from '../store/store.ts';
import { Copy } from './copy.ts';
import {
  bareWrite,
  COPY_PREFIX,
  headWrite,
  leftWrite,
  occasionWrite,
  readCopyRecord,
  rowWrite,
} from './copy-records.ts';

/** Former logs of a host that are remembered. */
export const LEFT_LOGS_MAX = 8;

/** Where a host's log stands; or the occasion, while parts of what is told beside the log belong to no place of it; absent: it has ended. */
export type HostStanding = SignedHead | Occasion | undefined;

export type HostChange = Pick<Taken, 'rows' | 'agents'> & { readonly standing: HostStanding };

/** To be committed, and then applied. */
export interface Prepared {
  readonly writes: readonly Write[];
  readonly apply: () => void;
}

export class HostCopies {
  readonly copy: Copy;
  readonly #clock: Clock;
  readonly #heads = new Map<HostId, SignedHead>();
  readonly #occasions = new Map<HostId, Occasion>();
  readonly #left = new Map<HostId, readonly LogId[]>();
  /** Agents without an address that is shown: the copy has the others. */
  readonly #bare = new Map<HostId, Map<AgentId, string>>();
  /** Hosts whose rows were read from their index: they stand in memory alone, and nobody was told of them. */
  readonly #read = new Set<HostId>();

  private constructor(clock: Clock) {
    this.#clock = clock;
    this.copy = new Copy(clock);
  }

  /** Rejects with `store_failed` when a record can't be read. */
  static async open(store: Pick<Store, 'load'>, clock: Clock): Promise<HostCopies> {
    const copies = new HostCopies(clock);
    for await (const page of store.load(COPY_PREFIX))
      await inTurns(page, clock, (stored) => {
        const record = readCopyRecord(stored);
        if (record.kind === 'row') copies.copy.change(record.hostId, { drop: [], put: [record.row] });
        else if (record.kind === 'head') copies.#heads.set(record.hostId, record.head);
        else if (record.kind === 'occasion') copies.#occasions.set(record.hostId, record.occasion);
        else if (record.kind === 'left') copies.#left.set(record.hostId, record.logIds);
        else copies.#bareOf(record.hostId).set(record.id, record.name);
      });
    return copies;
  }

  /** Hosts of which something is known. */
  hosts(): ReadonlySet<HostId> {
    const known = [this.#heads, this.#occasions, this.#bare].flatMap((some) => [...some.keys()]);
    return new Set([...known, ...this.copy.hosts()]);
  }

  /** How far the host's log was followed, in its own words; `undefined`: it is to be followed from a snapshot on. */
  head(hostId: HostId): SignedHead | undefined {
    return this.#heads.get(hostId);
  }

  heads(): ReadonlyMap<HostId, SignedHead> {
    return this.#heads;
  }

  /** What is told of the host beside its log, and not to the end yet. */
  occasion(hostId: HostId): Occasion | undefined {
    return this.#occasions.get(hostId);
  }

  /** Whether the log was followed, and is told as ended or followed by another one. */
  hasLeft(hostId: HostId, logId: LogId): boolean {
    const { why, logId: told } = this.#occasions.get(hostId) ?? {};
    return (why === 'gone' && told === logId) || (this.#left.get(hostId)?.includes(logId) ?? false);
  }

  /** Whether no agent of the host is known. */
  isEmpty(hostId: HostId): boolean {
    return (this.#bare.get(hostId)?.size ?? 0) === 0 && this.copy.sizeOf(hostId) === 0;
  }

  /** Whether nothing is known of the host, nor remembered. */
  isUnknown(hostId: HostId): boolean {
    const known = [this.#heads, this.#occasions, this.#left, this.#read].some((some) => some.has(hostId));
    return !known && this.isEmpty(hostId);
  }

  rowOf(hostId: HostId, key: AddressKey): IndexRow | undefined {
    return this.copy.rowOf(hostId, key);
  }

  /** Whether the host's rows were read from its index, and not heard. */
  isRead(hostId: HostId): boolean {
    return this.#read.has(hostId);
  }

  /** The host's rows come from its index from now on. What was heard of it must have ended. */
  beginReading(hostId: HostId): void {
    this.#read.add(hostId);
  }

  /** What was read of the host goes, in turns. */
  async endReading(hostId: HostId): Promise<void> {
    await inTurns(this.copy.keysOf(hostId), this.#clock, (key) => this.copy.change(hostId, { drop: [key], put: [] }));
    this.copy.forget(hostId);
    this.#read.delete(hostId);
  }

  /** The agents of a host, with their addresses. Works in turns. */
  async agents(hostId: HostId): Promise<Map<AgentId, KnownAgent>> {
    const agents = new Map<AgentId, KnownAgent & { rows: IndexRow[] }>();
    for (const [id, name] of this.#bare.get(hostId) ?? []) agents.set(id, { id, name, rows: [] });
    await inTurns(this.copy.ofHost(hostId), this.#clock, (row) => {
      const known = agents.get(row.agentId);
      if (known === undefined) agents.set(row.agentId, { id: row.agentId, name: row.agentName, rows: [row] });
      else known.rows.push(row);
    });
    return agents;
  }

  /** What is to be written with such a change, and what then changes in memory: the caller commits the one, and applies the other. */
  change(hostId: HostId, { rows, agents, standing }: HostChange): Prepared {
    const showing = this.#showingAfter(hostId, { rows, agents });
    const bare = [...agents].map(([id, name]) => [id, showing.has(id) ? undefined : name] as const);
    const head = standing !== undefined && 'signature' in standing ? standing : undefined;
    const occasion = standing !== undefined && 'why' in standing ? standing : undefined;
    const left = this.#leftWith(hostId, standing);
    const writes = [
      ...rows.drop.map((key) => rowWrite(hostId, key, undefined)),
      ...rows.put.map((row) => rowWrite(hostId, row.key, row)),
      ...bare
        .filter(([id, name]) => name !== this.#bare.get(hostId)?.get(id))
        .map(([id, name]) => bareWrite(hostId, id, name)),
      ...(occasion === this.#occasions.get(hostId) ? [] : [occasionWrite(hostId, occasion)]),
      ...(left === undefined ? [] : [leftWrite(hostId, left)]),
      headWrite(hostId, head),
    ];
    const apply = () => {
      this.copy.change(hostId, rows);
      for (const [id, name] of bare) {
        if (name === undefined) this.#bareOf(hostId).delete(id);
        else this.#bareOf(hostId).set(id, name);
      }
      setOrDelete(this.#heads, hostId, head);
      setOrDelete(this.#occasions, hostId, occasion);
      if (left !== undefined) this.#left.set(hostId, left);
    };
    return { writes, apply };
  }

  /** Logs that were followed before, where another one takes the place of the last one. */
  #leftWith(hostId: HostId, standing: HostStanding): readonly LogId[] | undefined {
    const logId = (this.#heads.get(hostId) ?? this.#occasions.get(hostId))?.logId;
    if (logId === undefined || logId === standing?.logId) return undefined;
    const others = this.#left.get(hostId)?.filter((other) => other !== logId) ?? [];
    return [logId, ...others].slice(0, LEFT_LOGS_MAX);
  }

  /** Hosts of whose former logs something is kept, and nothing else. */
  leftHosts(): readonly HostId[] {
    const known = this.hosts();
    return [...this.#left.keys()].filter((id) => !known.has(id));
  }

  /** What is kept of the former logs of these hosts goes. */
  forgetLeft(ids: readonly HostId[]): Prepared {
    const apply = () => {
      for (const id of ids) this.#left.delete(id);
    };
    return { writes: ids.map((id) => leftWrite(id, undefined)), apply };
  }

  /** The host is known no more. All its agents must be gone by then. */
  forget(hostId: HostId): void {
    this.copy.forget(hostId);
    this.#bare.delete(hostId);
  }

  /** Those of these agents that show an address once the rows are changed. */
  #showingAfter(hostId: HostId, { rows, agents }: Pick<HostChange, 'rows' | 'agents'>): ReadonlySet<AgentId> {
    const gone = new Set([...rows.drop, ...rows.put.map(({ key }) => key)]);
    const showing = new Set(rows.put.map(({ agentId }) => agentId));
    for (const id of agents.keys())
      for (const row of this.copy.ofAgent(id)) if (row.hostId === hostId && !gone.has(row.key)) showing.add(id);
    return showing;
  }

  #bareOf(hostId: HostId): Map<AgentId, string> {
    const known = this.#bare.get(hostId) ?? new Map<AgentId, string>();
    this.#bare.set(hostId, known);
    return known;
  }
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
