// The wire form of the email index: one entry of the map that `GET /api/agents/email-index` answers, and the door through which
// a peer's entry comes in. A peer speaks only for its own agents, and only about what it was asked; what it says of where it is
// reached is ignored for what our hosts.json says. The checks are written by hand because a whole index is 100,000 entries and a
// schema library costs ten times as much on each. They do not prove that the peer really holds the address: the claims do.

import { isMap } from '../json/foreign-json.ts';
import { AGENT_NAME_CHARACTERS_MAX, DISPLAY_NAME_CHARACTERS_MAX } from '../limits.ts';
import {
  type AddressKey,
  type AgentId,
  type EmailAddress,
  type HostId,
  isPrototypeName,
  parseAgentId,
} from '../names.ts';
import type { JsonMember, PeerAnswer } from '../ports.ts';
import type { Host } from '../roster.ts';

export const EMAIL_INDEX_PATH = '/api/agents/email-index';

/** One value of the map (specification, "Email Index"). It never has a member called `address`. */
export interface IndexEntry {
  readonly agentId: AgentId;
  readonly agentName: string;
  readonly hostId: HostId;
  /** Where the owner is reached: its `url` in our hosts.json. */
  readonly hostUrl: string;
  readonly displayName?: string;
  readonly primary: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An address as text and as what uniqueness compares. */
export interface KeyedAddress {
  readonly address: EmailAddress;
  readonly key: AddressKey;
}

/**
 * One address as a host's index shows it, with its key. The URL of the host is left out: each reader has it in its own hosts.json, and an edit
 * of that file is no change of the registry.
 */
export interface IndexRow extends KeyedAddress, Omit<IndexEntry, 'hostUrl'> {}

/** An address to ask others about. */
export interface SpelledAddress extends KeyedAddress {
  /** The address as a client wrote it, which may be in other letters than `address` has. */
  readonly given?: string | undefined;
}

/** What a peer that only knows the look-up is shown of a claim that is not done: to it, the address is taken. */
export interface PendingEntry extends IndexEntry {
  readonly pending: true;
}

/** An entry under its address. */
export interface ListedEntry extends KeyedAddress {
  readonly entry: IndexEntry;
}

/** Reads an address out of any text, without throwing (`parseIdentityAddress`). */
export type ParseAddress = (text: string) => ({ readonly valid: true } & KeyedAddress) | { readonly valid: false };

/** What is asked of an index: one address, one agent's addresses, both at once (both must match), or, empty, everything. */
export interface Question {
  readonly address?: KeyedAddress;
  readonly agentId?: AgentId;
}

/** The circumstances of a peer's answer. */
export interface IndexDoor {
  readonly from: Host;
  readonly question: Question;
  readonly parseAddress: ParseAddress;
}

/**
 * One member of a peer's map: `undefined` when it was not asked for, names another host as its owner, is not yet a finished
 * claim (`pending`), says that it is an alias of another address, or is not of the form above. An alias is listed as what it is
 * an alias of. Members it does not know are left behind; a display name that is no safe
 * folder name (existing consumers use it as one) is left out.
 */
export function readIndexEntry(text: string, value: unknown, door: IndexDoor): ListedEntry | undefined {
  const { from, question } = door;
  const parsed = door.parseAddress(text);
  if (!parsed.valid || (question.address !== undefined && parsed.key !== question.address.key)) return undefined;
  if (!isMap(value) || !isOwnedBy(from, value.hostId)) return undefined;
  const named = value.aliasOf === undefined ? parsed : readAlias(value.aliasOf, parsed, door);
  if (named === undefined) return undefined;
  if (value.pending !== undefined && value.pending !== false) return undefined;
  const agentId = typeof value.agentId === 'string' ? parseAgentId(value.agentId) : undefined;
  if (agentId === undefined || (question.agentId !== undefined && agentId !== question.agentId)) return undefined;
  const { agentName, displayName, primary, metadata } = value;
  if (!isName(agentName, AGENT_NAME_CHARACTERS_MAX)) return undefined;
  if (displayName !== undefined && typeof displayName !== 'string') return undefined;
  if (primary !== undefined && typeof primary !== 'boolean') return undefined;
  if (metadata !== undefined && !isMetadata(metadata)) return undefined;
  const entry: IndexEntry = {
    agentId,
    agentName,
    hostId: from.id,
    hostUrl: from.url,
    ...(isFolderName(displayName) ? { displayName } : {}),
    primary: primary ?? false,
    ...(metadata === undefined ? {} : { metadata }),
  };
  return { address: named.address, key: named.key, entry };
}

/** Path and query of the question, as a peer of any kind understands it. */
export function questionPath({ address, agentId }: Question): string {
  const parts: string[] = [];
  if (address !== undefined) parts.push(`address=${encodeURIComponent(address.address.toWellFormed())}`);
  if (agentId !== undefined) parts.push(`agentId=${encodeURIComponent(agentId)}`);
  return `${EMAIL_INDEX_PATH}${parts.length > 0 ? `?${parts.join('&')}` : ''}`;
}

/**
 * Spellings under which a peer that compares texts may have the address: the name as it is written or folded, the domain in Unicode or in
 * A-labels, and all of it as it was given. One, where these are all the same.
 */
export function spellingsOf({ address, key, given = address }: SpelledAddress): readonly KeyedAddress[] {
  const [name, domain] = parted(address);
  const [foldedName, asciiDomain] = parted(key);
  const texts = [name, foldedName].flatMap((one) => [`${one}@${domain}`, `${one}@${asciiDomain}`]);
  return [...new Set([...texts, given.trim()])].map((text) => ({ address: text as EmailAddress, key }));
}

/** What stands before the last @, and behind it. */
function parted(address: string): readonly [string, string] {
  const at = address.lastIndexOf('@');
  return [address.slice(0, at), address.slice(at + 1)];
}

/** The members of the map that an index answered; `undefined` when it is none. */
export function membersOf({ members, body }: PeerAnswer): readonly JsonMember[] | undefined {
  return members ?? (isMap(body) ? Object.entries(body) : undefined);
}

/** What `aliasOf` names; `undefined` when that is not the same address. */
function readAlias(aliasOf: unknown, { key }: KeyedAddress, { parseAddress }: IndexDoor): KeyedAddress | undefined {
  const named = typeof aliasOf === 'string' ? parseAddress(aliasOf) : undefined;
  return named?.valid && named.key === key ? named : undefined;
}

function isOwnedBy(host: Host, hostId: unknown): boolean {
  return typeof hostId === 'string' && (hostId === host.id || hostId.trim().toLowerCase() === host.id);
}

function isName(value: unknown, charactersMax: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= charactersMax && !/\p{Cc}/u.test(value);
}

/** Whether an existing consumer, which names a folder after a display name, may do so. */
export function isFolderName(value: unknown): value is string {
  return isName(value, DISPLAY_NAME_CHARACTERS_MAX) && !/^\.|[/\\]/.test(value);
}

function isMetadata(value: unknown): value is Readonly<Record<string, string>> {
  if (!isMap(value)) return false;
  for (const name of Object.keys(value)) if (typeof value[name] !== 'string' || isPrototypeName(name)) return false;
  return true;
}
