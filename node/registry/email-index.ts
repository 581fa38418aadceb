// Who holds which address on this host, in memory: what every look-up reads. The whole index is kept as octets in pages. After one change
// among 100,000 addresses, one page is written again and the others are copied.
import type { Question } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId, EmailAddress } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { contentDigest } from '../../mesh/signature/digest.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { Agent, AgentAddress } from './agent.ts';
import { HeldAddress, type IndexHost } from './held-address.ts';

/** Few enough that joining them is one short copy, many enough that one page of 100,000 addresses is written in a millisecond. */
const INDEX_PAGES = 256;
const INCARNATION_BYTES = 12;

export interface EmailIndexOptions {
  readonly self: () => IndexHost;
  readonly random: Random;
}

export interface PreparedIndex {
  /** JSON: the bare map. Shared by every answer, so never to be written into. */
  readonly body: Uint8Array<ArrayBuffer>;
  /** Strong, quotes included; never the same for other bytes, not even after a restart. */
  readonly etag: string;
  /** The Content-Digest of `body`; computed when it is first asked for. */
  readonly digest: () => string;
}

export class EmailIndex {
  readonly #self: () => IndexHost;
  /** Tells this process's versions from those of every earlier one. */
  readonly #incarnation: string;
  #version = 0;
  #hostUrl: string;
  #prepared: PreparedIndex | undefined;
  readonly #holders = new Map<AddressKey, IndexedAgent>();
  readonly #agents = new Map<AgentId, IndexedAgent>();
  readonly #pages: readonly Page[] = Array.from({ length: INDEX_PAGES }, () => new Page());
  #nextPage = 0;

  constructor({ self, random }: EmailIndexOptions) {
    this.#self = self;
    this.#hostUrl = self().url;
    this.#incarnation = Buffer.from(random.bytes(INCARNATION_BYTES)).toString('base64url');
  }

  /** Lists the agent as it is now, in place of what was known of it. Throws `HeldTwice` when another agent holds one of its addresses. */
  put(agent: Agent): void {
    for (const { key, address } of agent.addresses) {
      const holder = this.#holders.get(key)?.agent;
      if (holder !== undefined && holder.id !== agent.id) throw new HeldTwice(address, agent.id, holder.id);
    }
    const known = this.#agents.get(agent.id);
    // What stays is put in its place: a map that each change takes many keys out of is made anew again and again.
    for (const entry of known?.agent.addresses ?? [])
      if (!agent.addresses.includes(entry)) this.#holders.delete(entry.key);
    const page = known?.page ?? this.#nextInTurn();
    const indexed = new IndexedAgent(agent, page, this.#self);
    for (const { key } of agent.addresses) this.#holders.set(key, indexed);
    this.#agents.set(agent.id, indexed);
    page.set(indexed);
    if (known !== undefined && showsTheSame(known.agent, agent)) return;
    page.outdate();
    this.#changed();
  }

  /** Forgets the agent and its addresses; nothing happens when it is unknown. */
  remove(agentId: AgentId): void {
    const known = this.#agents.get(agentId);
    if (known === undefined) return;
    for (const { key } of known.agent.addresses) this.#holders.delete(key);
    this.#agents.delete(agentId);
    known.page.delete(agentId);
    this.#changed();
  }

  /** Every address held here. */
  keys(): readonly AddressKey[] {
    return [...this.#holders.keys()];
  }

  /** Changes with what the index shows. */
  get version(): number {
    return this.#version;
  }

  /** Changes with what the index shows, and is never the same for another index, not even after a restart: its strong ETag. */
  get etag(): string {
    return `"${this.#incarnation}-${this.#version}"`;
  }

  /** Addresses held here, those of agents whose email is disabled among them. */
  get size(): number {
    return this.#holders.size;
  }

  /** Who holds the address here, also while that agent's email is disabled and the index does not show it. */
  holder(key: AddressKey): HeldAddress | undefined {
    return this.#holders.get(key)?.held(key);
  }

  /** The address's entry, when the index shows it. */
  byAddress(key: AddressKey): HeldAddress | undefined {
    const indexed = this.#holders.get(key);
    return indexed?.agent.emailEnabled ? indexed.held(key) : undefined;
  }

  /** The agent's entries that the index shows, in the order they were added. */
  byAgent(agentId: AgentId): readonly HeldAddress[] {
    const known = this.#agents.get(agentId);
    return known?.agent.emailEnabled ? known.all() : [];
  }

  /** Whether this host has the agent, with or without addresses. */
  hasAgent(agentId: AgentId): boolean {
    return this.#agents.has(agentId);
  }

  /** An address as the index would list it once the agent holds it. */
  asHeld(agent: Agent, address: AgentAddress): HeldAddress {
    return new HeldAddress(agent, address, this.#self);
  }

  /** This host's own answer to a question. The list is the caller's: later changes do not reach it. */
  answer({ address, agentId }: Question): readonly HeldAddress[] {
    if (address === undefined) return agentId === undefined ? this.#all() : this.byAgent(agentId);
    const held = this.byAddress(address.key);
    return held === undefined || (agentId !== undefined && held.agent.id !== agentId) ? [] : [held];
  }

  /**
   * The whole index, made when first asked for after a change and kept until the next. Its pages are written in turns: after a start
   * that is all of them.
   */
  async prepare(clock: Clock): Promise<PreparedIndex> {
    this.#noticeUrl();
    if (this.#prepared !== undefined) return this.#prepared;
    await inTurns(this.#pages, clock, (page) => page.write());
    return this.bytes();
  }

  /** The whole index, made at once. */
  bytes(): PreparedIndex {
    this.#noticeUrl();
    this.#prepared ??= preparedOf(joinPages(this.#pages), this.etag);
    return this.#prepared;
  }

  #noticeUrl(): void {
    const { url } = this.#self();
    if (url === this.#hostUrl) return;
    this.#hostUrl = url;
    for (const page of this.#pages) page.outdate();
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    this.#prepared = undefined;
  }

  #all(): readonly HeldAddress[] {
    const all: HeldAddress[] = [];
    for (const indexed of this.#agents.values()) if (indexed.agent.emailEnabled) all.push(...indexed.all());
    return all;
  }

  #nextInTurn(): Page {
    const page = this.#pages[this.#nextPage % this.#pages.length] as Page;
    this.#nextPage += 1;
    return page;
  }
}

function preparedOf(body: Uint8Array<ArrayBuffer>, etag: string): PreparedIndex {
  let digest: string | undefined;
  return {
    body,
    etag,
    digest: () => {
      digest ??= contentDigest(body);
      return digest;
    },
  };
}

/** Whether the index has the same to say of both: then a reader's copy of it stays good (a new label is no news here). */
function showsTheSame(before: Agent, now: Agent): boolean {
  return (
    before.addresses === now.addresses &&
    before.name === now.name &&
    before.emailEnabled === now.emailEnabled &&
    before.hostId === now.hostId
  );
}

/** An agent with what the index shows of it. The entries are made when somebody asks for them, and of an address asked for alone kept. */
class IndexedAgent {
  readonly agent: Agent;
  readonly page: Page;
  readonly #self: () => IndexHost;
  #kept: HeldAddress[] | undefined;

  constructor(agent: Agent, page: Page, self: () => IndexHost) {
    this.agent = agent;
    this.page = page;
    this.#self = self;
  }

  held(key: AddressKey): HeldAddress | undefined {
    for (const held of this.#kept ?? []) if (held.key === key) return held;
    const source = this.agent.addresses.find((entry) => entry.key === key);
    if (source === undefined) return undefined;
    const held = new HeldAddress(this.agent, source, this.#self);
    this.#kept ??= [];
    this.#kept.push(held);
    return held;
  }

  /** In the order that the agent has them in. */
  all(): readonly HeldAddress[] {
    return this.agent.addresses.map((source) => new HeldAddress(this.agent, source, this.#self));
  }
}

/** A bug of the registry, or two records of a store that contradict each other. */
export class HeldTwice extends Error {
  readonly address: EmailAddress;
  readonly holder: AgentId;

  constructor(address: EmailAddress, agent: AgentId, holder: AgentId) {
    super(`The index was given '${address}' for agent '${agent}' while agent '${holder}' holds it.`);
    this.address = address;
    this.holder = holder;
  }
}

/** Some of the agents, as one run of bytes: members of the map without its braces. Empty while none has an address to show. */
class Page {
  readonly #agents = new Map<AgentId, IndexedAgent>();
  #bytes: Buffer<ArrayBuffer> | undefined;

  set(indexed: IndexedAgent): void {
    this.#agents.set(indexed.agent.id, indexed);
  }

  delete(agentId: AgentId): void {
    this.#agents.delete(agentId);
    this.outdate();
  }

  outdate(): void {
    this.#bytes = undefined;
  }

  /** Makes the octets now, so that they are there when somebody asks for them. */
  write(): void {
    void this.bytes;
  }

  get bytes(): Buffer<ArrayBuffer> {
    this.#bytes ??= Buffer.from(
      [...this.#agents.values()]
        .flatMap((indexed) => (indexed.agent.emailEnabled ? indexed.all().map((held) => held.json) : []))
        .join(','),
    );
    return this.#bytes;
  }
}

function joinPages(pages: readonly Page[]): Uint8Array<ArrayBuffer> {
  const comma = Buffer.from(',');
  const full = pages.map((page) => page.bytes).filter((bytes) => bytes.byteLength > 0);
  const parts = full.flatMap((bytes, index) => (index === 0 ? [bytes] : [comma, bytes]));
  return Buffer.concat([Buffer.from('{'), ...parts, Buffer.from('}')]);
}
