// An email address from outside, parsed once: split, local part, domain, lengths; the first rule broken is the one reported.
// The result is that of python-email-validator (fields, rules and sentences), on whose test cases this is measured; where we
// differ on purpose: quoted local parts are re-quoted after NFC, the IPv6 tag may be in any case, zones in literals are refused,
// an A-label must encode to itself again, `strict` counts octets as sent too. It never throws, and asks no network.
import { ADDRESS_TEXT_CHARACTERS_MAX } from '../limits.ts';
import { countCodePoints, countOctets } from './characters.ts';
import { parseDomainName } from './domain.ts';
import { type AddressFault, fault } from './fault.ts';
import { ADDRESS_OCTETS_MAX } from './limits.ts';
import { parseDomainLiteral } from './literal.ts';
import { parseLocalPart } from './local-part.ts';
import type { AddressOptions } from './options.ts';
import { parsePlain } from './plain.ts';
import { type AddressParts, splitAddress } from './split.ts';

export interface ParsedAddress {
  readonly valid: true;
  /** The address as given, without display name and angle brackets. */
  readonly original: string;
  /** `localPart@domain`: NFC, no needless quotes, domain in lower case with U-labels. */
  readonly normalized: string;
  readonly localPart: string;
  /** `null` when the local part needs SMTPUTF8. */
  readonly asciiLocalPart: string | null;
  readonly domain: string;
  readonly asciiDomain: string;
  /** `null` when the local part needs SMTPUTF8. */
  readonly asciiEmail: string | null;
  readonly smtputf8: boolean;
  /** NFC, unquoted; empty for angle brackets without a name before them. */
  readonly displayName?: string;
  /** The IP address, when the domain is one. */
  readonly domainAddress?: string;
}

/** Parses one address. White space around it is not removed. Never throws; linear in the length of `text`. */
export function parseAddress(text: string, options: AddressOptions = {}): AddressFault | ParsedAddress {
  const plain = parsePlain(text, options);
  if (plain === undefined) return parseInFull(text, options);
  const { localPart, domain } = plain;
  const normalized = `${localPart}@${domain}`;
  return {
    valid: true,
    original: text,
    normalized,
    localPart,
    asciiLocalPart: localPart,
    domain,
    asciiDomain: domain,
    asciiEmail: normalized,
    smtputf8: false,
  };
}

/** Parses any text by the long way. `parseAddress` gives the same result, but knows a shorter way for most texts. */
export function parseInFull(text: string, options: AddressOptions): AddressFault | ParsedAddress {
  if (text.length > ADDRESS_TEXT_CHARACTERS_MAX) {
    return fault(
      'text_too_long',
      `The email address is too long: ${text.length} characters were given, no more than ${ADDRESS_TEXT_CHARACTERS_MAX} are read.`,
    );
  }
  const parts = splitAddress(text);
  if (!parts.valid) return parts;
  const local = parseLocalPart(parts.localPart, parts.isQuoted, options);
  if (!local.valid) return local;
  const host = parseHost(parts.domain, options);
  if (!host.valid) return host;
  const asciiLocalPart = local.smtputf8 ? null : local.localPart;
  const parsed: ParsedAddress = {
    valid: true,
    original: parts.original,
    normalized: `${local.localPart}@${host.domain}`,
    localPart: local.localPart,
    asciiLocalPart,
    domain: host.domain,
    asciiDomain: host.asciiDomain,
    asciiEmail: asciiLocalPart === null ? null : `${asciiLocalPart}@${host.asciiDomain}`,
    smtputf8: local.smtputf8,
    ...(parts.displayName === undefined ? {} : { displayName: parts.displayName }),
    ...(host.domainAddress === undefined ? {} : { domainAddress: host.domainAddress }),
  };
  return checkLengths(parsed) ?? checkDisplayName(parts, options) ?? parsed;
}

interface Host {
  readonly valid: true;
  readonly domain: string;
  readonly asciiDomain: string;
  readonly domainAddress?: string;
}

function parseHost(text: string, options: AddressOptions): AddressFault | Host {
  if (text === '') return fault('empty_domain', 'There must be something after the @-sign.');
  if (!text.startsWith('[') || !text.endsWith(']')) return parseDomainName(text, options);
  const literal = parseDomainLiteral(text.slice(1, -1));
  if (!literal.valid) return literal;
  if (options.allowDomainLiteral !== true) {
    return fault('domain_literal_not_allowed', 'A bracketed IP address after the @-sign is not allowed here.');
  }
  return { ...literal, asciiDomain: literal.domain };
}

/** 254 octets hold for each form that somebody may go on to use: as given, normalized, and with A-labels. */
function checkLengths({ original, normalized, localPart, asciiDomain }: ParsedAddress): AddressFault | undefined {
  const over = countOctets(original) - ADDRESS_OCTETS_MAX;
  if (over > 0) return tooLong(`(${charactersOver(original, over)} too many)`);
  for (const [form, reason] of [
    [normalized, 'after normalization'],
    [`${localPart}@${asciiDomain}`, 'when the part after the @-sign is converted to IDNA ASCII'],
  ] as const) {
    const formOver = countOctets(form) - ADDRESS_OCTETS_MAX;
    if (formOver > 0) return tooLong(`${reason} (${formOver} ${formOver === 1 ? 'byte' : 'bytes'} too many)`);
  }
  return undefined;
}

/** How many characters to take away for `over` octets: a range, when some characters have several octets. */
function charactersOver(text: string, over: number): string {
  const unit = over === 1 ? 'character' : 'characters';
  const octetsPerCharacter = Math.max(...Array.from(text, countOctets));
  const fewest = Math.max(1, Math.floor(over / octetsPerCharacter));
  return fewest === over || countCodePoints(text) === countOctets(text)
    ? `${over} ${unit}`
    : `${fewest}-${over} ${unit}`;
}

function tooLong(reason: string): AddressFault {
  return fault('address_too_long', `The email address is too long ${reason}.`);
}

function checkDisplayName(parts: AddressParts, options: AddressOptions): AddressFault | undefined {
  if (parts.displayName === undefined || options.allowDisplayName === true) return undefined;
  return fault(
    'display_name_not_allowed',
    'A display name and angle brackets around the email address are not permitted here.',
  );
}
