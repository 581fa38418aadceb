// Under which keys the email index lists an address. Mail arrives by SMTP with A-labels, so an address stands under its ASCII form,
// if it has one, and once more under the Unicode spelling that people write; that one says by `aliasOf` whose alias it is. A local
// part beyond ASCII has no ASCII form (RFC 6531): such an address stands there once, as it is.
import { isAscii } from '../address/characters.ts';
import type { EmailAddress } from '../names.ts';
import type { IndexEntry, KeyedAddress, PendingEntry } from './index-entry.ts';

/** The key that every index lists the address under. */
export function mainKeyOf({ address, key }: KeyedAddress): EmailAddress {
  if ((address as string) === key) return address;
  // Only then is the key the address itself: folded, other local parts can be ASCII too.
  return isAscii(localPartOf(address)) ? (key as string as EmailAddress) : address;
}

/** The spelling that `text`, parsed, has: with A-labels if its own domain is ASCII, otherwise as the address is shown. */
export function spellingOf(text: string, { address, key }: KeyedAddress): EmailAddress {
  return isAscii(domainOf(text)) ? (`${localPartOf(address)}@${domainOf(key)}` as EmailAddress) : address;
}

/** The members of the map for one address, as JSON text: one, or two when its Unicode spelling is another. */
export function membersJson(parsed: KeyedAddress, entry: IndexEntry): string {
  const main = mainKeyOf(parsed);
  const own = memberJson(main, parsed, entry);
  return main === parsed.address ? own : `${own},${memberJson(parsed.address, parsed, entry)}`;
}

/** The one member of the map that stands under a certain spelling of an address. */
export function memberJson(spelling: EmailAddress, parsed: KeyedAddress, entry: IndexEntry | PendingEntry): string {
  const main = mainKeyOf(parsed);
  return `${JSON.stringify(spelling)}:${JSON.stringify(spelling === main ? entry : { ...entry, aliasOf: main })}`;
}

function localPartOf(address: string): string {
  return address.slice(0, address.lastIndexOf('@'));
}

function domainOf(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1);
}
