// What is known of the other hosts, as one state in memory and on disk: their addresses, their agents, and how far the log of each was
// followed. A change of it comes as writes and a step: the writes go into one commit with what is told of them, and the step is taken once
// they are durable.

import type { Taken } from '../../mesh/feed/follower.ts';
import type { SignedHead } from '../../mesh/feed/head.ts';
import type { KnownAgent } from '../../mesh/feed/resync.ts';
import type { IndexRow } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, HostId } from '../../mesh/names.ts';
import type { Clock, Write } from '../../mesh/ports.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { Store } from '../store/store.ts';
import { Copy } from './copy.ts';
import { bareWrite, COPY_PREFIX, headWrite, readCopyRecord, rowWrite } from './copy-records.ts';

/** `head`: absent while a snapshot is taken in, whose parts belong to no place. */
export type HostChange = Pick<Taken, 'rows' | 'agents'> & { readonly head: SignedHead | undefined };

/** To be committed, and then applied. */
export interface Prepared {
  readonly writes: readonly Write[];
  readonly apply: () => void;
}

export class HostCopies {
  readonly copy: Copy;
  readonly #heads = new Map<HostId, SignedHead>();
  /** Agents without an address that is shown: the copy has the others. */
  readonly #bare = new Map<HostId, Map<AgentId, string>>();

  private constructor(clock: Clock) {
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
        else copies.#bareOf(record.hostId).set(record.id, record.name);
      });
    return copies;
  }

  /** Hosts of which something is known. */
  hosts(): ReadonlySet<HostId> {
    return new Set([...this.#heads.keys(), ...this.#bare.keys(), ...this.copy.hosts()]);
  }

  /** How far the host's log was followed, in its own words; `undefined`: it is to be followed from a snapshot on. */
  head(hostId: HostId): SignedHead | undefined {
    return this.#heads.get(hostId);
  }

  heads(): ReadonlyMap<HostId, SignedHead> {
    return this.#heads;
  }

  rowOf(hostId: HostId, key: AddressKey): IndexRow | undefined {
    return this.copy.rowOf(hostId, key);
  }

  /** The agents of a host, with their addresses. */
  agents(hostId: HostId): ReadonlyMap<AgentId, KnownAgent> {
    const agents = new Map<AgentId, KnownAgent & { rows: IndexRow[] }>();
    for (const [id, name] of this.#bare.get(hostId) ?? []) agents.set(id, { id, name, rows: [] });
    for (const row of this.copy.ofHost(hostId)) {
      const known = agents.get(row.agentId);
      if (known === undefined) agents.set(row.agentId, { id: row.agentId, name: row.agentName, rows: [row] });
      else known.rows.push(row);
    }
    return agents;
  }

  change(hostId: HostId, { rows, agents, head }: HostChange): Prepared {
    const showing = this.#showingAfter(hostId, { rows, agents });
    const bare = [...agents].map(([id, name]) => [id, showing.has(id) ? undefined : name] as const);
    const writes = [
      ...rows.drop.map((key) => rowWrite(hostId, key, undefined)),
      ...rows.put.map((row) => rowWrite(hostId, row.key, row)),
      ...bare
        .filter(([id, name]) => name !== this.#bare.get(hostId)?.get(id))
        .map(([id, name]) => bareWrite(hostId, id, name)),
      headWrite(hostId, head),
    ];
    const apply = () => {
      this.copy.change(hostId, rows);
      for (const [id, name] of bare) {
        if (name === undefined) this.#bareOf(hostId).delete(id);
        else this.#bareOf(hostId).set(id, name);
      }
      if (head === undefined) this.#heads.delete(hostId);
      else this.#heads.set(hostId, head);
    };
    return { writes, apply };
  }

  /** Everything about the host goes. */
  forget(hostId: HostId): Prepared {
    const writes = [
      ...[...this.copy.ofHost(hostId)].map(({ key }) => rowWrite(hostId, key, undefined)),
      ...[...(this.#bare.get(hostId)?.keys() ?? [])].map((id) => bareWrite(hostId, id, undefined)),
      headWrite(hostId, undefined),
    ];
    const apply = () => {
      this.copy.forget(hostId);
      this.#bare.delete(hostId);
      this.#heads.delete(hostId);
    };
    return { writes, apply };
  }

  /** Of these agents, those that show an address once the rows are changed. */
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
