// Agents as a start reads them: a host has as many addresses as there are, and few of them are ever asked for. So each address is one text among the
// octets of its page, found by its place, and an agent is made of them when somebody wants it. A page is never changed: an agent that changes
// becomes an object like any other, beside it.
import type { AddressKey, AgentId, ClaimId, EmailAddress, HostId } from '../../mesh/names.ts';
import { type PackedTexts, packTexts } from '../../mesh/packed-texts.ts';
import type { AddressSource, Agent, AgentAddress, AgentHead } from './agent.ts';
import {
  PRIMARY,
  type Rest,
  readDisplayName,
  readEntry,
  readShared,
  SEPARATOR,
  type Shared,
  textsOf,
  wholeEntry,
} from './agent-texts.ts';
import { type HashedKey, hashedKey } from './key-table.ts';
import type { KeyedHash } from './keyed-hash.ts';

const [SEPARATOR_CODE, SPACE, ASCII_MAX] = [0x09, 0x20, 0x7f];

/** An agent in memory: as it was stored, or as it has become since. */
export type KeptAgent = Agent | PackedAgent;

export function unpacked(agent: KeptAgent): Agent {
  return agent instanceof PackedAgent ? agent.read() : agent;
}

/** In the order that the agent has them in. */
export function keysOf(agent: KeptAgent): Iterable<AddressKey> {
  return agent instanceof PackedAgent ? agent.keys() : agent.addresses.map(({ key }) => key);
}

/** What `keysOf` gives, by their hashes, for a table of them. */
export function* hashedKeysOf(agent: KeptAgent, hash: KeyedHash): Iterable<HashedKey> {
  if (agent instanceof PackedAgent) yield* agent.hashedKeys(hash);
  else for (const { key } of agent.addresses) yield hashedKey(key, hash);
}

/** The agent's address, looked for from that place among its addresses on. */
export function addressOf(agent: KeptAgent, key: AddressKey, from = 0): AddressSource | undefined {
  if (agent instanceof PackedAgent) return agent.address(key, from);
  for (let at = from; at < agent.addresses.length; at += 1)
    if (agent.addresses[at]?.key === key) return agent.addresses[at];
  return undefined;
}

/** Whether the agent has the address, at that place among its addresses or behind it. */
export function holdsFrom(agent: KeptAgent, key: string, from: number): boolean {
  return agent instanceof PackedAgent
    ? agent.holds(key, from)
    : addressOf(agent, key as AddressKey, from) !== undefined;
}

/** Agents as one page, from which each is read as it was. */
export function packAgents(agents: readonly Agent[]): readonly PackedAgent[] {
  const texts: string[] = [];
  const places: number[] = [];
  for (const agent of agents) {
    places.push(texts.length);
    texts.push(...textsOf(agent));
  }
  const page = new AgentPage(packTexts(texts));
  return agents.map((agent, at) => new PackedAgent(agent, page, places[at] ?? 0, agent.addresses.length));
}

export class PackedAgent implements AgentHead {
  readonly id: AgentId;
  readonly name: string;
  readonly hostId: HostId;
  readonly emailEnabled: boolean;
  readonly createdAt: string;
  readonly #page: AgentPage;
  /** Place of its first address; its head is behind the last one. */
  readonly #first: number;
  readonly #count: number;

  /** `first`: which text of the page is the first of `textsOf`; `count`: of so many addresses. */
  constructor(head: AgentHead, page: AgentPage, first: number, count: number) {
    this.id = head.id;
    this.name = head.name;
    this.hostId = head.hostId;
    this.emailEnabled = head.emailEnabled;
    this.createdAt = head.createdAt;
    this.#page = page;
    this.#first = first;
    this.#count = count;
  }

  /** The whole agent, made anew. */
  read(): Agent {
    const { id, name, hostId, emailEnabled, createdAt } = this;
    const head = this.#head();
    const shared = readShared(head);
    const rest = JSON.parse(head.slice(shared.end)) as Rest;
    const texts = Array.from({ length: this.#count }, (_, at) => this.#page.text(this.#first + at));
    const addresses = texts.map((text) => readEntry(text, shared));
    return { id, name, hostId, emailEnabled, createdAt, ...rest, addresses };
  }

  *keys(): Iterable<AddressKey> {
    for (let at = this.#first; at < this.#first + this.#count; at += 1) yield this.#keyAt(at);
  }

  *hashedKeys(hash: KeyedHash): Iterable<HashedKey> {
    for (let at = this.#first; at < this.#first + this.#count; at += 1)
      yield this.#page.hashedField(at, hash) ?? hashedKey(this.#keyAt(at), hash);
  }

  /** Whether it has the address, at that place among its addresses or behind it. */
  holds(key: string, from = 0): boolean {
    return this.#placeOf(key, from) !== undefined;
  }

  /** An address of it, of which only that is read that somebody asks for; looked for from that place among its addresses on. */
  address(key: AddressKey, from = 0): AddressSource | undefined {
    const place = this.#placeOf(key, from);
    if (place === undefined) return undefined;
    const text = this.#page.text(place);
    if (text.startsWith(SEPARATOR)) return wholeEntry(text);
    return new PackedAddress(text, key, () => readShared(this.#head()));
  }

  #head(): string {
    return this.#page.text(this.#first + this.#count);
  }

  #placeOf(key: string, from: number): number | undefined {
    for (let at = this.#first + from; at < this.#first + this.#count; at += 1) if (this.#isAt(at, key)) return at;
    return undefined;
  }

  #isAt(place: number, key: string): boolean {
    return this.#page.beginsWith(place, key) ?? this.#keyAt(place) === key;
  }

  #keyAt(place: number): AddressKey {
    const text = this.#page.text(place);
    return text.startsWith(SEPARATOR) ? wholeEntry(text).key : (text.slice(0, text.indexOf(SEPARATOR)) as AddressKey);
  }
}

/** One address of an agent, as its text has it. */
class PackedAddress implements AddressSource {
  readonly address: EmailAddress;
  readonly key: AddressKey;
  readonly primary: boolean;
  readonly displayName: string | undefined;
  readonly #text: string;
  readonly #shared: () => Shared;
  /** Where its claim's id begins in the text. */
  readonly #claimAt: number;

  constructor(text: string, key: AddressKey, shared: () => Shared) {
    const addressAt = key.length + 1;
    const marksAt = text.indexOf(SEPARATOR, addressAt) + 1;
    const claimAt = text.indexOf(SEPARATOR, marksAt) + 1;
    this.key = key;
    this.address = (marksAt === addressAt + 1 ? key : text.slice(addressAt, marksAt - 1)) as EmailAddress;
    this.primary = text[marksAt] === PRIMARY;
    this.displayName = readDisplayName(text.slice(marksAt, claimAt - 1), shared);
    this.#text = text;
    this.#shared = shared;
    this.#claimAt = claimAt;
  }

  get claimId(): ClaimId {
    return this.#text.slice(this.#claimAt, this.#text.indexOf(SEPARATOR, this.#claimAt)) as ClaimId;
  }

  get since(): string {
    const sinceAt = this.#text.indexOf(SEPARATOR, this.#claimAt) + 1;
    return this.#text.slice(sinceAt, this.#text.indexOf(SEPARATOR, sinceAt)) || this.#shared().since;
  }

  get metadata(): AgentAddress['metadata'] {
    const { metadataJson } = this;
    return metadataJson === undefined ? undefined : JSON.parse(metadataJson);
  }

  /** The text that `JSON.stringify` made of it. */
  get metadataJson(): string | undefined {
    return this.#text.slice(this.#text.lastIndexOf(SEPARATOR) + 1) || undefined;
  }
}

/** JSON of what is kept beside an address. */
export function metadataJsonOf(source: AddressSource): string | undefined {
  return source instanceof PackedAddress ? source.metadataJson : JSON.stringify(source.metadata);
}

/** Texts side by side. */
export class AgentPage {
  readonly #octets: Buffer<ArrayBuffer>;
  readonly #starts: Uint32Array<ArrayBuffer>;

  constructor({ octets, starts }: PackedTexts) {
    this.#octets = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
    this.#starts = starts;
  }

  text(place: number): string {
    return this.#octets.toString('utf8', this.#starts[place], this.#starts[place + 1]);
  }

  /** What the text there begins with; `undefined`: only its letters tell. */
  hashedField(place: number, hash: KeyedHash): HashedKey | undefined {
    const octets = this.#octets;
    const from = this.#starts[place] as number;
    if (octets[from] === SEPARATOR_CODE) return undefined;
    let to = from;
    while (octets[to] !== SEPARATOR_CODE) to += 1;
    return { hash: hash.octets(octets, from, to), text: () => octets.toString('utf8', from, to) };
  }

  /** Whether the text there begins with this field; `undefined`: only its letters tell. */
  beginsWith(place: number, field: string): boolean | undefined {
    const octets = this.#octets;
    const from = this.#starts[place] as number;
    if (octets[from] === SEPARATOR_CODE) return undefined;
    for (let at = 0; at < field.length; at += 1) {
      const unit = field.charCodeAt(at);
      if (unit < SPACE || unit > ASCII_MAX) return undefined;
      if (octets[from + at] !== unit) return false;
    }
    return octets[from + field.length] === SEPARATOR_CODE;
  }
}
