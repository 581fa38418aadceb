// Who holds which address on this host, in memory: what every look-up reads. The whole index is kept as octets in pages. After one change
// among 100,000 addresses, one page is written again and the others are copied.
import type { Question } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { contentDigest } from '../../mesh/signature/digest.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { AgentAddress, AgentHead } from './agent.ts';
import { HeldAddress, type IndexHost } from './held-address.ts';
import { IndexedAgent, IndexPage, joinPages } from './index-pages.ts';
import { rowsOf } from './index-rows.ts';
import { KeyTable } from './key-table.ts';
import { SECRET_BYTES } from './keyed-hash.ts';
import { type KeptAgent, unpacked } from './packed-agents.ts';

/** Few enough that joining them is one short copy, many enough that one page of 100,000 addresses is written in a millisecond. */
const INDEX_PAGES = 256;
const INCARNATION_BYTES = 12;

export interface EmailIndexOptions {
  readonly self: () => IndexHost;
  readonly random: Random;
  /** `SECRET_BYTES`, under which addresses are found; absent: drawn by `random`. */
  readonly secret?: Uint8Array;
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
  readonly #holders: KeyTable;
  /** Agents by the numbers that the table of holders has of them. */
  readonly #numbered: (IndexedAgent | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #agents = new Map<AgentId, IndexedAgent>();
  readonly #pages: readonly IndexPage[] = Array.from({ length: INDEX_PAGES }, () => new IndexPage());
  #nextPage = 0;

  constructor({ self, random, secret }: EmailIndexOptions) {
    this.#self = self;
    this.#hostUrl = self().url;
    this.#incarnation = Buffer.from(random.bytes(INCARNATION_BYTES)).toString('base64url');
    this.#holders = new KeyTable({
      secret: secret ?? random.bytes(SECRET_BYTES),
      holds: (number, key) => this.#numbered[number]?.holds(key) === true,
    });
  }

  /** Lists the agent as it is now, in place of what was known of it. Throws `HeldTwice` when another agent holds one of its addresses. */
  put(agent: KeptAgent): void {
    const known = this.#agents.get(agent.id);
    const number = known?.number ?? this.#freeNumbers.pop() ?? this.#numbered.length;
    const indexed = new IndexedAgent(agent, { number, page: known?.page ?? this.#nextInTurn() }, this.#self);
    this.#hold(known, indexed);
    this.#agents.set(agent.id, indexed);
    indexed.page.set(indexed);
    if (known !== undefined && showsTheSame(known.agent, agent)) return;
    indexed.page.outdate();
    this.#changed();
  }

  /** Forgets the agent and its addresses; nothing happens when it is unknown. */
  remove(agentId: AgentId): void {
    const known = this.#agents.get(agentId);
    if (known === undefined) return;
    this.#forget(known.keys());
    this.#numbered[known.number] = undefined;
    this.#freeNumbers.push(known.number);
    this.#agents.delete(agentId);
    known.page.delete(agentId);
    this.#changed();
  }

  /** Every address held here. */
  keys(): readonly AddressKey[] {
    return [...this.#agents.values()].flatMap((indexed) => [...indexed.keys()]);
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
    return this.#holderOf(key)?.held(key);
  }

  /** The address's entry, when the index shows it. */
  byAddress(key: AddressKey): HeldAddress | undefined {
    const indexed = this.#holderOf(key);
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
  asHeld(agent: AgentHead, address: AgentAddress): HeldAddress {
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

  #holderOf(key: AddressKey): IndexedAgent | undefined {
    const number = this.#holders.find(key);
    return number === undefined ? undefined : this.#numbered[number];
  }

  /** Makes the agent the holder of its addresses, in place of what was known of it. Throws `HeldTwice`, and then it has changed nothing. */
  #hold(known: IndexedAgent | undefined, indexed: IndexedAgent): void {
    const { number } = indexed;
    if (known !== undefined) this.#forget(known.keys());
    this.#numbered[number] = indexed;
    const taken: AddressKey[] = [];
    for (const key of indexed.keys()) {
      const holder = this.#numbered[this.#holders.add(key, number)];
      if (holder === indexed || holder === undefined) taken.push(key);
      else {
        this.#forget(taken);
        this.#numbered[number] = known;
        if (known === undefined) this.#freeNumbers.push(number);
        else for (const kept of known.keys()) this.#holders.add(kept, number);
        throw new HeldTwice(indexed.source(key)?.address ?? key, indexed.agent.id, holder.agent.id);
      }
    }
  }

  /** Keys of an agent that still stands under its number. */
  #forget(keys: Iterable<AddressKey>): void {
    for (const key of keys) this.#holders.delete(key);
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

  #nextInTurn(): IndexPage {
    const page = this.#pages[this.#nextPage % this.#pages.length] as IndexPage;
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
function showsTheSame(before: KeptAgent, now: KeptAgent): boolean {
  if (before.name !== now.name || before.emailEnabled !== now.emailEnabled || before.hostId !== now.hostId)
    return false;
  const [was, is] = [unpacked(before), unpacked(now)];
  // In their order too, in which they are listed.
  return was.addresses === is.addresses || JSON.stringify(rowsOf(was)) === JSON.stringify(rowsOf(is));
}

/** A bug of the registry, or two records of a store that contradict each other. */
export class HeldTwice extends Error {
  readonly address: string;
  readonly holder: AgentId;

  constructor(address: string, agent: AgentId, holder: AgentId) {
    super(`The index was given '${address}' for agent '${agent}' while agent '${holder}' holds it.`);
    this.address = address;
    this.holder = holder;
  }
}
