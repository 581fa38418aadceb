// Stored agents become texts in memory without being parsed. Most of an agent is its addresses, and nearly all of these are written in one form,
// members in this order and nothing that JSON escapes: they are copied octet by octet, and only what is left of the agent is parsed. What objects
// of a million addresses would cost is the collector's time. Whatever has another form is left to who parses it.
import type { Agent } from './agent.ts';
import { headText, OTHER, PRIMARY, SAME, SECONDARY, SEPARATOR } from './agent-texts.ts';
import { AgentPage } from './packed-agents.ts';

const octet = (letter: string) => letter.charCodeAt(0);

const MEMBER = '"addresses":';
/** What stands around the texts of an address. */
const FORM = {
  list: Buffer.from('"addresses":['),
  address: Buffer.from('{"address":"'),
  key: Buffer.from('","key":"'),
  claimId: Buffer.from('","claimId":"'),
  since: Buffer.from('","since":"'),
  primary: Buffer.from('","primary":true'),
  secondary: Buffer.from('","primary":false'),
  displayName: Buffer.from(',"displayName":"'),
  metadata: Buffer.from(',"metadata":{"'),
  isTo: Buffer.from('":"'),
  next: Buffer.from(',"'),
} as const;
/** What stands before the map of `metadata`. */
const METADATA_NAME_BYTES = FORM.metadata.length - 2;
const [QUOTE, COMMA, BACKSLASH] = [octet('"'), octet(','), octet('\\')];
const [BEGIN, END, LIST_BEGIN, LIST_END] = [octet('{'), octet('}'), octet('['), octet(']')];
const [TAB, IS_PRIMARY, IS_SECONDARY] = [octet(SEPARATOR), octet(PRIMARY), octet(SECONDARY)];
const [SAME_NAME, OTHER_NAME] = [octet(SAME), octet(OTHER)];
const SPACE = 0x20;
/** In place of where something ends: it has another form. */
const NONE = -1;
/** Room for the texts of a page; more is made when it is needed. */
const PAGE_BYTES = 512 * 1_024;
/** What separates an agent's texts, which are otherwise parts of its JSON, some of them twice. */
const SEPARATOR_BYTES_MAX = 64;

/** A part of the JSON. */
interface Span {
  readonly from: number;
  readonly to: number;
}

const NOWHERE: Span = { from: 0, to: 0 };

/** An agent whose addresses were taken. */
export interface TakenAgent {
  /** The agent as it was stored, but without addresses. */
  readonly head: Agent;
  /** Which of the page's texts is its first, and of how many addresses. */
  readonly first: number;
  readonly count: number;
  /** Every display name that its addresses have, some more than once. */
  readonly displayNames: readonly string[];
}

/** Takes the agents of one page after the other. */
export class AgentScanner {
  /** The records that are read, and where the one ends whose turn it is. */
  #json: Buffer<ArrayBuffer> = Buffer.alloc(0);
  #end = 0;
  #page = Buffer.allocUnsafe(PAGE_BYTES);
  /** Octets of the page so far, and where each of its texts begins. */
  #size = 0;
  #starts = [0];
  /** Where the first address of the agent has its `since`, and its display name, in the JSON; empty: none. */
  #since = NOWHERE;
  #name = NOWHERE;
  #displayNames: string[] = [];
  /** Whether the address that was taken last is primary. */
  #isPrimary = false;

  /** Which octets the JSON of the next agents is among. */
  beginPage(octets: Uint8Array<ArrayBuffer>): void {
    this.#json = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
  }

  /**
   * Adds the texts of an agent to the page, whose JSON is between these octets. `undefined`: it has another form, and nothing was added. `read` makes
   * an agent of what `JSON.parse` gave, and may throw.
   */
  take(from: number, to: number, read: (value: unknown) => Agent): TakenAgent | undefined {
    const [first, size] = [this.#starts.length - 1, this.#size];
    const head = this.#takeAddresses(from, to);
    if (head === undefined) {
      this.#starts.length = first + 1;
      this.#size = size;
      return undefined;
    }
    const [count, displayNames] = [this.#starts.length - 1 - first, this.#displayNames];
    const agent = read(head);
    const [since, displayName] = [this.#text(this.#since), this.#text(this.#name)];
    this.#size += this.#page.write(headText(agent, { since, displayName }), this.#size);
    this.#starts.push(this.#size);
    return { head: agent, first, count, displayNames };
  }

  /** The page of all that were taken since the last one was ended. */
  endPage(): AgentPage {
    const octets = Buffer.allocUnsafeSlow(this.#size);
    this.#page.copy(octets, 0, 0, this.#size);
    const starts = Uint32Array.from(this.#starts);
    this.#starts.length = 1;
    this.#size = 0;
    return new AgentPage({ octets, starts });
  }

  /** What is left of the JSON, parsed, when the addresses were taken out of it. */
  #takeAddresses(from: number, to: number): unknown {
    this.#end = to;
    this.#makeRoom(to - from);
    const listAt = this.#listAt(from);
    const end = listAt === NONE ? NONE : this.#takeList(listAt);
    if (end === NONE || end >= to) return undefined;
    const behind = this.#json.toString('utf8', end, to);
    return behind.includes(MEMBER) ? undefined : parsed(this.#json.toString('utf8', from, listAt) + behind);
  }

  #makeRoom(jsonBytes: number): void {
    // Its head says some of it a second time.
    const pageBytes = this.#size + 2 * jsonBytes + SEPARATOR_BYTES_MAX;
    if (this.#page.length >= pageBytes) return;
    const page = Buffer.allocUnsafe(2 * pageBytes);
    page.set(this.#page.subarray(0, this.#size));
    this.#page = page;
  }

  /** Where the list of addresses begins that is a member of the agent itself. */
  #listAt(from: number): number {
    const [json, end] = [this.#json, this.#end];
    let [depth, isText] = [0, false];
    for (let at = from; at < end; at += 1) {
      const unit = json[at];
      if (isText) {
        if (unit === BACKSLASH) at += 1;
        else if (unit === QUOTE) isText = false;
      } else if (unit === QUOTE) {
        const listAt = depth === 1 ? this.#behind(FORM.list, at) : NONE;
        if (listAt !== NONE) return listAt;
        isText = true;
      } else if (unit === BEGIN || unit === LIST_BEGIN) depth += 1;
      else if (unit === END || unit === LIST_END) depth -= 1;
    }
    return NONE;
  }

  /** Where the list ends. */
  #takeList(from: number): number {
    [this.#since, this.#name, this.#displayNames] = [NOWHERE, NOWHERE, []];
    const json = this.#json;
    if (json[from] === LIST_END) return from;
    let primaries = 0;
    for (let at = from, isFirst = true; ; at += 1, isFirst = false) {
      at = this.#takeAddress(at, isFirst);
      if (at === NONE) return NONE;
      if (this.#isPrimary) primaries += 1;
      this.#starts.push(this.#size);
      if (json[at] === LIST_END) return primaries === 1 ? at : NONE;
      if (json[at] !== COMMA) return NONE;
    }
  }

  /** Where the address ends. */
  #takeAddress(from: number, isFirst: boolean): number {
    const json = this.#json;
    const addressAt = this.#behind(FORM.address, from);
    const addressEnd = this.#textEnd(addressAt);
    const keyAt = this.#behind(FORM.key, addressEnd);
    const keyEnd = this.#textEnd(keyAt);
    const claimAt = this.#behind(FORM.claimId, keyEnd);
    const claimEnd = this.#textEnd(claimAt);
    const sinceAt = this.#behind(FORM.since, claimEnd);
    const sinceEnd = this.#textEnd(sinceAt);
    const primaryEnd = this.#behind(FORM.primary, sinceEnd);
    this.#isPrimary = primaryEnd !== NONE;
    const marksEnd = this.#isPrimary ? primaryEnd : this.#behind(FORM.secondary, sinceEnd);
    if (marksEnd === NONE) return NONE;
    const nameAt = this.#behind(FORM.displayName, marksEnd);
    const nameEnd = this.#textEnd(nameAt);
    if (nameAt !== NONE && nameEnd === NONE) return NONE;
    const membersEnd = nameAt === NONE ? marksEnd : nameEnd + 1;
    const metadataAt = this.#behind(FORM.metadata, membersEnd);
    const end = metadataAt === NONE ? membersEnd : this.#metadataEnd(metadataAt);
    if (end === NONE || json[end] !== END) return NONE;

    if (isFirst) this.#since = { from: sinceAt, to: sinceEnd };
    this.#copy(keyAt, keyEnd);
    this.#put(TAB);
    if (!this.#areSame(addressAt, addressEnd, keyAt, keyEnd)) this.#copy(addressAt, addressEnd);
    this.#put(TAB);
    this.#put(this.#isPrimary ? IS_PRIMARY : IS_SECONDARY);
    if (nameAt !== NONE) this.#showName(nameAt, nameEnd, isFirst);
    this.#put(TAB);
    this.#copy(claimAt, claimEnd);
    this.#put(TAB);
    if (!this.#areSame(sinceAt, sinceEnd, this.#since.from, this.#since.to)) this.#copy(sinceAt, sinceEnd);
    this.#put(TAB);
    if (metadataAt !== NONE) this.#copy(membersEnd + METADATA_NAME_BYTES, end);
    return end + 1;
  }

  #showName(from: number, to: number, isFirst: boolean): void {
    if (isFirst) this.#name = { from, to };
    const isSame = this.#areSame(from, to, this.#name.from, this.#name.to);
    if (!isSame || isFirst) this.#displayNames.push(this.#json.toString('utf8', from, to));
    this.#put(isSame ? SAME_NAME : OTHER_NAME);
    if (!isSame) this.#copy(from, to);
  }

  /** Behind these octets, where they stand there. */
  #behind(literal: Uint8Array, from: number): number {
    if (from === NONE) return NONE;
    const json = this.#json;
    for (let at = 0; at < literal.length; at += 1) if (json[from + at] !== literal[at]) return NONE;
    return from + literal.length;
  }

  /** Where the text ends whose first octet stands there: one that is not empty, and that JSON does not escape. */
  #textEnd(from: number): number {
    const end = this.#anyTextEnd(from);
    return end === from ? NONE : end;
  }

  #anyTextEnd(from: number): number {
    if (from === NONE) return NONE;
    const [json, end] = [this.#json, this.#end];
    for (let at = from; at < end; at += 1) {
      const unit = json[at] as number;
      if (unit === QUOTE) return at;
      if (unit < SPACE || unit === BACKSLASH) return NONE;
    }
    return NONE;
  }

  /** Where a map of texts ends whose first name begins there. */
  #metadataEnd(from: number): number {
    const json = this.#json;
    for (let at = from; at !== NONE; ) {
      const end = this.#anyTextEnd(this.#behind(FORM.isTo, this.#anyTextEnd(at)));
      if (end === NONE) return NONE;
      if (json[end + 1] === END) return end + 2;
      at = this.#behind(FORM.next, end + 1);
    }
    return NONE;
  }

  #areSame(from: number, to: number, otherFrom: number, otherTo: number): boolean {
    const [json, length] = [this.#json, to - from];
    if (length !== otherTo - otherFrom) return false;
    for (let at = 0; at < length; at += 1) if (json[from + at] !== json[otherFrom + at]) return false;
    return true;
  }

  #copy(from: number, to: number): void {
    const [json, page] = [this.#json, this.#page];
    let size = this.#size;
    for (let at = from; at < to; at += 1) {
      page[size] = json[at] as number;
      size += 1;
    }
    this.#size = size;
  }

  #put(unit: number): void {
    this.#page[this.#size] = unit;
    this.#size += 1;
  }

  #text({ from, to }: Span): string {
    return this.#json.toString('utf8', from, to);
  }
}

/** `undefined`: it is no JSON, which is told by who parses all of it. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
