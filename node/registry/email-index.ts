// Who holds which address on this host, in memory: what every look-up reads. The whole index is kept as octets in pages. After one change
// among 100,000 addresses, one page is written again and the others are copied.
import type { Question } from '../../mesh/lookup/index-entry.ts';
import type { AddressKey, AgentId } from '../../mesh/names.ts';
import type { Clock, Random } from '../../mesh/ports.ts';
import { contentDigest } from '../../mesh/signature/digest.ts';
import { inTurns } from '../../mesh/time/turns.ts';
import type { AgentAddress, AgentHead } from './agent.ts';
import { type AskedAddress, AskedAddresses } from './asked-addresses.ts';
import { HeldAddress, type IndexHost } from './held-address.ts';
import { heldBy, type IndexedAgent, IndexPage, joinPages } from './index-pages.ts';
import { rowsOf } from './index-rows.ts';
import { KeyTable } from './key-table.ts';
import { type KeyedHash, keyedHash, SECRET_BYTES } from './keyed-hash.ts';
import { addressOf, hashedKeysOf, holdsFrom, type KeptAgent, keysOf, unpacked } from './packed-agents.ts';

/** Few enough that joining them is one short copy, many enough that one page of 100,000 addresses is written in a millisecond. */
const INDEX_PAGES = 256;
const INCARNATION_BYTES = 12;
/** Places among an agent's addresses that the table of holders tells from each other: the last one is all that are behind it as well. */
const PLACES = 16;

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
  readonly #hash: KeyedHash;
  /** Agents by their numbers. The table of holders has an address by its agent's number and its place with that agent: `number * PLACES + place`. */
  readonly #numbered: (KeptAgent | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #agents = new Map<AgentId, IndexedAgent>();
  readonly #pages: readonly IndexPage[];
  #nextPage = 0;
  readonly #asked = new AskedAddresses();

  constructor({ self, random, secret }: EmailIndexOptions) {
    this.#self = self;
    this.#hostUrl = self().url;
    this.#incarnation = Buffer.from(random.bytes(INCARNATION_BYTES)).toString('base64url');
    this.#pages = Array.from({ length: INDEX_PAGES }, () => new IndexPage(self));
    this.#hash = keyedHash(secret ?? random.bytes(SECRET_BYTES));
    this.#holders = new KeyTable((holder, key) => {
      const agent = this.#agentOf(holder);
      return agent !== undefined && holdsFrom(agent, key, holder % PLACES);
    });
  }

  /** Lists the agent as it is now, in place of what was known of it. Throws `HeldTwice` when another agent holds one of its addresses. */
  put(agent: KeptAgent): void {
    const known = this.#agents.get(agent.id);
    const number = known?.number ?? this.#freeNumbers.pop() ?? this.#numbered.length;
    const indexed = { agent, number, page: known?.page ?? this.#nextInTurn() };
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
    this.#forget(known.agent);
    this.#numbered[known.number] = undefined;
    this.#freeNumbers.push(known.number);
    this.#agents.delete(agentId);
    known.page.delete(known);
    this.#changed();
  }

  /** Every address held here. */
  keys(): readonly AddressKey[] {
    return [...this.#agents.values()].flatMap(({ agent }) => [...keysOf(agent)]);
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
    return this.#find(key)?.held;
  }

  /** The address's entry, when the index shows it. */
  byAddress(key: AddressKey): HeldAddress | undefined {
    const found = this.#find(key);
    return found?.agent.emailEnabled ? found.held : undefined;
  }

  /** The agent's entries that the index shows, in the order they were added. */
  byAgent(agentId: AgentId): readonly HeldAddress[] {
    const known = this.#agents.get(agentId);
    return known?.agent.emailEnabled ? heldBy(known.agent, this.#self) : [];
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

  /** The whole index, when it was made since the last change. */
  get whole(): PreparedIndex | undefined {
    this.#noticeUrl();
    return this.#prepared;
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

  #find(key: AddressKey): AskedAddress | undefined {
    const hash = this.#hash.text(key);
    const asked = this.#asked.find(hash, key);
    // Under the number of an agent that has changed stands another one.
    if (asked !== undefined && this.#numbered[asked.number] === asked.agent) return asked;
    const holder = this.#holders.find({ hash, text: () => key });
    const agent = holder === undefined ? undefined : this.#agentOf(holder);
    if (holder === undefined || agent === undefined) return undefined;
    const source = addressOf(agent, key, holder % PLACES);
    if (source === undefined) return undefined;
    const found = { agent, number: numberOf(holder), held: new HeldAddress(agent, source, this.#self) };
    this.#asked.note(hash, found);
    return found;
  }

  /** Makes the agent the holder of its addresses, in place of what was known of it. Throws `HeldTwice`, and then it has changed nothing. */
  #hold(known: IndexedAgent | undefined, { agent, number }: IndexedAgent): void {
    if (known !== undefined) this.#forget(known.agent);
    this.#numbered[number] = agent;
    const refused = this.#addAll(agent, number);
    if (refused === undefined) return;
    this.#forget(agent, refused.place);
    this.#numbered[number] = known?.agent;
    if (known === undefined) this.#freeNumbers.push(number);
    else this.#addAll(known.agent, number);
    const key = [...keysOf(agent)][refused.place] as AddressKey;
    throw new HeldTwice(addressOf(agent, key)?.address ?? key, agent.id, refused.holder.id);
  }

  /** Notes its addresses, until another agent holds one: the place of that one among them, and who holds it. */
  #addAll(agent: KeptAgent, number: number): { readonly place: number; readonly holder: KeptAgent } | undefined {
    let place = 0;
    for (const key of hashedKeysOf(agent, this.#hash)) {
      const holder = this.#agentOf(this.#holders.add(key, number * PLACES + Math.min(place, PLACES - 1))) as KeptAgent;
      if (holder !== agent) return { place, holder };
      place += 1;
    }
    return undefined;
  }

  /** Forgets the first so many addresses of an agent that still stands under its number. */
  #forget(agent: KeptAgent, count = Number.POSITIVE_INFINITY): void {
    let left = count;
    for (const key of hashedKeysOf(agent, this.#hash)) {
      if (left === 0) return;
      this.#holders.delete(key);
      left -= 1;
    }
  }

  #agentOf(holder: number): KeptAgent | undefined {
    return this.#numbered[numberOf(holder)];
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
    for (const indexed of this.#agents.values())
      if (indexed.agent.emailEnabled) all.push(...heldBy(indexed.agent, this.#self));
    return all;
  }

  #nextInTurn(): IndexPage {
    const page = this.#pages[this.#nextPage % this.#pages.length] as IndexPage;
    this.#nextPage += 1;
    return page;
  }
}

function numberOf(holder: number): number {
  return Math.floor(holder / PLACES);
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
  if (was.addresses === is.addresses) return true;
  // What was octets is made anew each time that it is read. In their order too, in which they are listed.
  return was !== before && JSON.stringify(rowsOf(was)) === JSON.stringify(rowsOf(is));
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
