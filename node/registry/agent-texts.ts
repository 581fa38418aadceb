// The texts that an agent of a start is kept as: one for each of its addresses, and behind them its head. What most addresses of an agent have in
// common stands in the head alone. What has no place in a text is kept as JSON.
import type { AddressKey, ClaimId, EmailAddress } from '../../mesh/names.ts';
import type { Agent, AgentAddress, AgentHead } from './agent.ts';

/** Between the fields of a text. One with it in a field is kept as JSON, which escapes it, behind one. */
export const SEPARATOR = '\t';
export const [PRIMARY, SECONDARY] = ['+', '-'];
/** A display name that the head has, and what begins another one. */
export const [SAME, OTHER] = ['=', ':'];
/** Members that every address has. */
const MEMBERS = 5;

/** What most addresses of an agent have in common; empty: nothing. */
export interface Shared {
  readonly since: string;
  readonly displayName: string;
}

/** What an agent's head keeps as JSON. */
export type Rest = Omit<Agent, keyof AgentHead | 'addresses'>;

/** The texts of an agent, in their order. */
export function textsOf(agent: Agent): readonly string[] {
  const shared = sharedOf(agent.addresses[0]);
  return [...agent.addresses.map((entry) => entryText(entry, shared)), headText(agent, shared)];
}

function sharedOf(first: AgentAddress | undefined): Shared {
  const { since = '', displayName = '' } = first ?? {};
  return { since: isPlain(since) ? since : '', displayName: isPlain(displayName) ? displayName : '' };
}

/** Whether it is the same again after it was octets between separators. */
function isPlain(text: string): boolean {
  return !text.includes(SEPARATOR) && text.isWellFormed();
}

export function headText(agent: Agent, { since, displayName }: Shared): string {
  const { id, name, hostId, emailEnabled, createdAt, addresses, ...rest } = agent;
  return [since, displayName, JSON.stringify(rest satisfies Rest)].join(SEPARATOR);
}

/** `end`: where the head's JSON begins. */
export function readShared(head: string): Shared & { readonly end: number } {
  const nameAt = head.indexOf(SEPARATOR) + 1;
  const end = head.indexOf(SEPARATOR, nameAt) + 1;
  return { since: head.slice(0, nameAt - 1), displayName: head.slice(nameAt, end - 1), end };
}

function entryText(entry: AgentAddress, shared: Shared): string {
  const { address, key, claimId, since, primary, displayName, metadata } = entry;
  const members = MEMBERS + (displayName === undefined ? 0 : 1) + (metadata === undefined ? 0 : 1);
  const otherAddress = (address as string) === key ? '' : address;
  const otherSince = since === shared.since ? '' : since;
  const shown = displayName === undefined ? '' : displayName === shared.displayName ? SAME : OTHER + displayName;
  const arePlain = isPlain(key) && isPlain(otherAddress) && isPlain(claimId) && isPlain(otherSince) && isPlain(shown);
  // What a newer version wrote beside these stays with it.
  if (!arePlain || Object.keys(entry).length !== members) return SEPARATOR + JSON.stringify(entry);
  const json = metadata === undefined ? '' : JSON.stringify(metadata);
  return `${key}\t${otherAddress}\t${primary ? PRIMARY : SECONDARY}${shown}\t${claimId}\t${otherSince}\t${json}`;
}

export function readEntry(text: string, shared: Shared): AgentAddress {
  if (text.startsWith(SEPARATOR)) return wholeEntry(text);
  const [key = '', address = '', marks = '', claimId = '', since = '', json = ''] = text.split(SEPARATOR);
  const entry = {
    address: (address === '' ? key : address) as EmailAddress,
    key: key as AddressKey,
    claimId: claimId as ClaimId,
    since: since === '' ? shared.since : since,
    primary: marks.startsWith(PRIMARY),
  };
  const displayName = readDisplayName(marks, () => shared);
  const named = displayName === undefined ? entry : { ...entry, displayName };
  return json === '' ? named : { ...named, metadata: JSON.parse(json) };
}

export function readDisplayName(marks: string, shared: () => Shared): string | undefined {
  if (marks.length === 1) return undefined;
  return marks[1] === SAME ? shared().displayName : marks.slice(2);
}

export function wholeEntry(text: string): AgentAddress {
  return JSON.parse(text);
}
