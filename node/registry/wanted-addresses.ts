// The addresses of a request, parsed: the grammar of each, and the rules of a list (specification, "Validation Rules").
import type { AddressFault } from '../../mesh/address/fault.ts';
import type { IdentityAddress } from '../../mesh/address/identity.ts';
import { MeshError } from '../../mesh/errors.ts';
import { ADDRESS_TEXT_CHARACTERS_MAX } from '../../mesh/limits.ts';
import type { AddressKey, EmailAddress } from '../../mesh/names.ts';
import type { WantedAddress } from './address-list.ts';
import type { NewAddress } from './schemas.ts';

/** Addresses of one agent, as the specification's "Validation Rules" bound them. */
export const ADDRESSES_PER_AGENT_MAX = 10;

/** Which addresses this host gives out, and what is wrong with the others. */
export type IdentityParser = (text: string) => AddressFault | IdentityAddress;

/** `field`: JSON path of the address in the request. Throws `invalid_address`. */
export function parseWanted(parse: IdentityParser, wish: NewAddress, field: string): WantedAddress {
  const { displayName, metadata, primary } = wish;
  const { address, key } = parseText(parse, wish.address, field);
  return { address, key, primary, displayName, metadata };
}

/** `field`: JSON path of the list. Throws `limit_exceeded`, `invalid_address` or `invalid_request`. */
export function parseWantedList(
  parse: IdentityParser,
  wishes: readonly NewAddress[],
  field: string,
): readonly WantedAddress[] {
  if (wishes.length > ADDRESSES_PER_AGENT_MAX) throw tooMany(field);
  const wanted = wishes.map((wish, at) => parseWanted(parse, wish, `${field}[${at}].address`));
  const seen = new Set<AddressKey>();
  let hasPrimary = false;
  for (const [at, { address, key, primary }] of wanted.entries()) {
    if (seen.has(key)) throw invalid(`${field}[${at}].address`, `'${address}' is in the list twice; name it once`);
    if (primary && hasPrimary)
      throw invalid(`${field}[${at}].primary`, 'another address of the list is primary; only one can be');
    seen.add(key);
    hasPrimary ||= primary === true;
  }
  return wanted;
}

/** The text that the request has for each address of its list, which `parseWantedList` read. */
export function givenTexts(
  wishes: readonly NewAddress[],
  wanted: readonly WantedAddress[],
): ReadonlyMap<AddressKey, string> {
  return new Map(wanted.map(({ key, address }, at) => [key, wishes[at]?.address ?? address]));
}

/** The refusal (`limit_exceeded`) of more addresses than an agent may have. `field`: where they stand in the request. */
export function tooMany(field: string): MeshError {
  const message = `An agent has at most ${ADDRESSES_PER_AGENT_MAX} email addresses.`;
  return new MeshError('limit_exceeded', message, { field });
}

function parseText(parse: IdentityParser, text: string, field: string): { address: EmailAddress; key: AddressKey } {
  if (text.length > ADDRESS_TEXT_CHARACTERS_MAX)
    throw invalidAddress(field, `It is longer than ${ADDRESS_TEXT_CHARACTERS_MAX} characters.`);
  const parsed = parse(text);
  if (!parsed.valid) throw invalidAddress(field, parsed.error);
  return parsed;
}

function invalidAddress(field: string, why: string): MeshError {
  return new MeshError('invalid_address', `'${field}' is not a valid email address: ${why}`, { field });
}

function invalid(field: string, why: string): MeshError {
  return new MeshError('invalid_request', `'${field}' is not valid: ${why}.`, { field });
}
