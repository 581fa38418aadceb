// The copy of what the other hosts' indexes show, in memory: what look-ups that ask nobody read. Hosts and agents are kept once, and of
// each address a record with no object of its own inside, so that 100,000 of them take some 30 MB.
import type { IndexRows } from '../../mesh/feed/feed-entry.ts';
import { type IndexRow, isFolderName } from '../../mesh/lookup/index-entry.ts';
import type { MeshCopy, WrittenRow } from '../../mesh/lookup/mesh-copy.ts';
import type { AddressKey, AgentId, EmailAddress, HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';

export class Copy implements MeshCopy {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #hosts = new Map<HostId, CopiedHost>();
  /** Who shows an address: seldom more than one. */
  readonly #shown = new Map<AddressKey, OneOrMore<Copied>>();
  /** By id: more than one where hosts in conflict show one id. */
  readonly #agents = new Map<AgentId, OneOrMore<CopiedAgent>>();

  #version = 0;
  #confirmations = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Changes with what the copy shows. */
  get version(): number {
    return this.#version;
  }

  get confirmations(): number {
    return this.#confirmations;
  }

  /** Hosts that were heard of. */
  hosts(): Iterable<HostId> {
    return this.#hosts.keys();
  }

  /** Takes in what a host says of its own addresses: first `drop`, then `put`, each in place of what stood under its key. */
  change(hostId: HostId, { drop, put }: IndexRows): void {
    const host = this.#host(hostId);
    this.#version += 1;
    for (const key of drop) this.#drop(host, key);
    for (const row of put) this.#put(host, row);
  }

  /** The host says, or said at `atMs` of the monotonic clock, that the copy is as its index is. */
  confirm(hostId: HostId, atMs = this.#clock.monotonicMs()): void {
    this.#confirmations += 1;
    const host = this.#host(hostId);
    host.confirmedMs = Math.max(host.confirmedMs ?? atMs, atMs);
    host.isDoubted = false;
  }

  /** What the host says now is not believed, and so the copy is not what its index is, however lately it was. Until it is confirmed again. */
  doubt(hostId: HostId): void {
    this.#confirmations += 1;
    this.#host(hostId).isDoubted = true;
  }

  /** The host is gone for good, with all its addresses. */
  forget(hostId: HostId): void {
    const host = this.#hosts.get(hostId);
    if (host === undefined) return;
    this.#version += 1;
    this.#confirmations += 1;
    for (const key of [...host.rows.keys()]) this.#drop(host, key);
    this.#hosts.delete(hostId);
  }

  /** Addresses that the host shows. */
  sizeOf(hostId: HostId): number {
    return this.#hosts.get(hostId)?.rows.size ?? 0;
  }

  /** Addresses of all hosts. */
  get size(): number {
    let size = 0;
    for (const { rows } of this.#hosts.values()) size += rows.size;
    return size;
  }

  /** What one host shows, in the order in which it came. */
  *ofHost(hostId: HostId): Iterable<IndexRow> {
    for (const copied of this.#hosts.get(hostId)?.rows.values() ?? []) yield copied.row();
  }

  /** The addresses that the host shows. It may change while they are gone through. */
  keysOf(hostId: HostId): Iterable<AddressKey> {
    return this.#hosts.get(hostId)?.rows.keys() ?? [];
  }

  rowOf(hostId: HostId, key: AddressKey): IndexRow | undefined {
    return this.#hosts.get(hostId)?.rows.get(key)?.row();
  }

  ofAddress(key: AddressKey): readonly IndexRow[] {
    return listOf(this.#shown.get(key)).map((copied) => copied.row());
  }

  soleOwner(key: AddressKey): WrittenRow | undefined {
    const shown = this.#shown.get(key);
    return shown instanceof Set ? undefined : shown;
  }

  ofAgent(agentId: AgentId): readonly IndexRow[] {
    return listOf(this.#agents.get(agentId)).flatMap(({ rows }) => listOf(rows).map((one) => one.row()));
  }

  *all(): Iterable<IndexRow> {
    for (const { rows } of this.#hosts.values()) for (const copied of rows.values()) yield copied.row();
  }

  confirmedMs(hostId: HostId): number | undefined {
    return this.#hosts.get(hostId)?.confirmedMs;
  }

  isDoubted(hostId: HostId): boolean {
    return this.#hosts.get(hostId)?.isDoubted === true;
  }

  #host(id: HostId): CopiedHost {
    const known = this.#hosts.get(id);
    if (known !== undefined) return known;
    const host: CopiedHost = { id, rows: new Map(), confirmedMs: undefined, isDoubted: false };
    this.#hosts.set(id, host);
    return host;
  }

  #put(host: CopiedHost, row: IndexRow): void {
    this.#drop(host, row.key);
    const agent = this.#agent(host, row);
    const copied = new Copied(agent, row);
    agent.rows = withOne(agent.rows, copied);
    host.rows.set(row.key, copied);
    this.#shown.set(row.key, withOne(this.#shown.get(row.key), copied));
  }

  #drop(host: CopiedHost, key: AddressKey): void {
    const copied = host.rows.get(key);
    if (copied === undefined) return;
    host.rows.delete(key);
    setOrDelete(this.#shown, key, withoutOne(this.#shown.get(key), copied));
    const { agent } = copied;
    agent.rows = withoutOne(agent.rows, copied);
    if (agent.rows === undefined) setOrDelete(this.#agents, agent.id, withoutOne(this.#agents.get(agent.id), agent));
  }

  #agent(host: CopiedHost, { agentId: id, agentName: name }: IndexRow): CopiedAgent {
    const known = this.#agents.get(id);
    const same = listOf(known).find((one) => one.host === host);
    if (same !== undefined) return same;
    const agent: CopiedAgent = { host, id, name, rows: undefined };
    this.#agents.set(id, withOne(known, agent));
    return agent;
  }
}

interface CopiedHost {
  readonly id: HostId;
  readonly rows: Map<AddressKey, Copied>;
  confirmedMs: number | undefined;
  isDoubted: boolean;
}

/** An agent of one host. */
interface CopiedAgent {
  readonly host: CopiedHost;
  readonly id: AgentId;
  readonly name: string;
  /** `undefined`: none, and the agent is known no more. */
  rows: OneOrMore<Copied> | undefined;
}

class Copied implements WrittenRow {
  readonly agent: CopiedAgent;
  readonly key: AddressKey;
  readonly address: EmailAddress;
  readonly #displayName: string | undefined;
  readonly #primary: boolean;
  /** Where it is not the one that the agent's first row had. */
  readonly #agentName: string | undefined;
  /** JSON: a map of its own costs ten times the memory. */
  readonly #metadata: string | undefined;

  constructor(agent: CopiedAgent, { address, key, agentName, displayName, primary, metadata }: IndexRow) {
    this.agent = agent;
    this.key = key;
    // One string where both are the same text.
    this.address = (address as string) === key ? (key as string as EmailAddress) : address;
    this.#agentName = agentName === agent.name ? undefined : agentName;
    this.#displayName = displayName;
    this.#primary = primary;
    this.#metadata = metadata === undefined ? undefined : JSON.stringify(metadata);
  }

  get hostId(): HostId {
    return this.agent.host.id;
  }

  entryJson(hostUrl: string): string {
    const { id, name, host } = this.agent;
    const agent = `"agentId":${JSON.stringify(id)},"agentName":${JSON.stringify(this.#agentName ?? name)}`;
    const at = `"hostId":${JSON.stringify(host.id)},"hostUrl":${JSON.stringify(hostUrl)}`;
    const shown = isFolderName(this.#displayName) ? `"displayName":${JSON.stringify(this.#displayName)},` : '';
    const metadata = this.#metadata === undefined ? '' : `,"metadata":${this.#metadata}`;
    return `{${agent},${at},${shown}"primary":${this.#primary}${metadata}}`;
  }

  row(): IndexRow {
    return {
      hostId: this.agent.host.id,
      address: this.address,
      key: this.key,
      agentId: this.agent.id,
      agentName: this.#agentName ?? this.agent.name,
      ...(this.#displayName === undefined ? {} : { displayName: this.#displayName }),
      primary: this.#primary,
      ...(this.#metadata === undefined ? {} : { metadata: JSON.parse(this.#metadata) }),
    };
  }
}

/** Mostly one, so that a set is made only where there are more; and a set, for there is no bound to how many a host may show. */
type OneOrMore<T> = T | Set<T>;

function listOf<T extends object>(some: OneOrMore<T> | undefined): readonly T[] {
  if (some === undefined) return [];
  return some instanceof Set ? [...some] : [some];
}

/** A set is changed in place. */
function withOne<T extends object>(some: OneOrMore<T> | undefined, one: T): OneOrMore<T> {
  if (some === undefined) return one;
  return some instanceof Set ? some.add(one) : new Set([some, one]);
}

function withoutOne<T extends object>(some: OneOrMore<T> | undefined, one: T): OneOrMore<T> | undefined {
  if (!(some instanceof Set)) return some === one ? undefined : some;
  some.delete(one);
  if (some.size > 1) return some;
  const [last] = some;
  return last;
}

function setOrDelete<K, V>(map: Map<K, V>, key: K, value: V | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
