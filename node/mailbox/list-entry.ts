// Lists of whom an inbox writes to and hears from: addresses and domains that are allowed or blocked, of the organization, of a pod or of one
// inbox.
import { anyAddressKey, parseAnyAddress } from '../../mesh/address/identity.ts';
import { BOUNCE_SUPPRESSION_MS } from '../send/limits.ts';

/** Entries of one scope that clients make. What comes back or asks for no more mail is written down beyond that. */
export const LIST_ENTRIES_MAX = 10_000;
/** Milliseconds for which an inbox does not write to an address that does not take its mail: no inbox of the host does. */
export const BOUNCE_BLOCK_MS = BOUNCE_SUPPRESSION_MS;

export const LIST_DIRECTIONS = ['send', 'receive', 'reply'] as const;
export const LIST_TYPES = ['allow', 'block'] as const;
export type ListDirection = (typeof LIST_DIRECTIONS)[number];
export type ListType = (typeof LIST_TYPES)[number];

/** Those who keep to a list. */
export type ListScope =
  | { readonly kind: 'organization' }
  | { readonly kind: 'pod'; readonly podId: string }
  | { readonly kind: 'inbox'; readonly inboxId: string };

/** One of the six lists of a scope. */
export interface ListNamed {
  readonly scope: ListScope;
  readonly direction: ListDirection;
  readonly listType: ListType;
}

/** What an entry names. `key`: equal for two texts just when they name the same address or domain. */
export interface EntryName {
  /** In lower case, the domain as people read it. */
  readonly entry: string;
  readonly entryType: 'email' | 'domain';
  readonly key: string;
}

/** One entry, which need not be there. */
export interface ListEntryMeant extends ListNamed, Pick<EntryName, 'key'> {}

export interface ListEntry extends ListNamed, Pick<EntryName, 'entry' | 'entryType'> {
  readonly reason?: string | undefined;
  /** This host has made it, and no client can take it away; an operator can. */
  readonly isReadOnly: boolean;
  readonly createdAtMs: number;
}

export interface NewListEntry extends ListNamed, EntryName {
  readonly reason?: string | undefined;
  readonly atMs: number;
}

/** `known`: the list had it already, as it is answered. `full`: the scope has `LIST_ENTRIES_MAX`. `gone`: there is no such scope any more. */
export type AddedListEntry =
  | { readonly outcome: 'added' | 'known'; readonly entry: ListEntry }
  | { readonly outcome: 'full' }
  | { readonly outcome: 'gone' };

/** `read-only`: it stays. */
export type RemovedListEntry = 'removed' | 'read-only' | 'gone';

export interface ListEntriesQuestion extends ListNamed {
  readonly limit: number;
  /** The entry behind which the page begins. */
  readonly after?: string | undefined;
}

/** An address, or a domain without the @; `fault`: what is wrong with a text that is neither, without a full stop. */
export function entryNameOf(text: string): EntryName | { readonly fault: string } {
  const trimmed = text.trim();
  const isDomain = !trimmed.includes('@');
  const parsed = isDomain ? parseAnyAddress(`a@${trimmed}`) : senderOf(trimmed);
  if (!parsed.valid) return { fault: parsed.error.replace(/\.$/, '') };
  const { address, key } = parsed;
  if (!isDomain) return { entry: address, entryType: 'email', key };
  const [entry, domainKey] = [domainOf(address), domainOf(key)];
  if (entry.startsWith('[')) return { fault: 'An IP address is no domain' };
  return { entry, entryType: 'domain', key: domainKey };
}

/**
 * Keys of the entries that fit an address: its own first, then its domain's, then those of the domains above that. A sender writes what he likes in
 * front of the sign @: where that is no local part, the address is of its domain all the same.
 */
export function entryKeysFor(address: string): readonly string[] {
  if (!address.includes('@')) return [];
  const parsed = senderOf(address);
  const key = parsed.valid ? parsed.key : anyAddressKey(`a@${domainOf(address)}`);
  if (key === undefined) return [];
  const domain = domainOf(key);
  const labels = domain.startsWith('[') ? [] : domain.split('.');
  // What is no address has no entry of its own, and its place all the same.
  const own = parsed.valid ? key : address.toLowerCase();
  return [own, ...labels.map((_, at) => labels.slice(at).join('.'))];
}

/** An address whose local part may have a dot at an end, or two in a row, as some that write to inboxes have (intake/local-parts.ts). */
function senderOf(text: string): ReturnType<typeof parseAnyAddress> {
  const parsed = parseAnyAddress(text);
  const local = text.slice(0, text.lastIndexOf('@'));
  if (parsed.valid || local.startsWith('"')) return parsed;
  const stoodIn = parseAnyAddress(local.replaceAll('.', 'x') + text.slice(local.length));
  if (!stoodIn.valid) return parsed;
  const named = <Named extends string>(other: Named) => `${local.toLowerCase()}@${domainOf(other)}` as Named;
  return { valid: true, address: named(stoodIn.address), key: named(stoodIn.key) };
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
