// An address as the name of an agent: one profile of the parser, and the key under which uniqueness is decided everywhere.
// Internal mail domains are legitimate names, so special-use domains are; display names are no part of a name.
// The key is folded (case-fold.ts). It merges no look-alikes, no `+tags` and no dots: those are the mail server's.
import type { AddressKey, EmailAddress } from '../names.ts';
import { foldCase } from './case-fold.ts';
import { isAscii } from './characters.ts';
import type { AddressFault } from './fault.ts';
import type { AddressOptions } from './options.ts';
import { type ParsedAddress, parseAddress } from './parse.ts';

export interface IdentityOptions {
  /** A domain without a dot. Default: false. */
  readonly allowSingleLabel?: boolean | undefined;
  /** An IP address in brackets after the @. Default: false. */
  readonly allowDomainLiteral?: boolean | undefined;
}

export interface IdentityAddress {
  readonly valid: true;
  /** Normalised and in lower case, domain as U-labels. Parsed again, it gives itself. */
  readonly address: EmailAddress;
  /** Equal for two texts just when they name the same mailbox. ASCII after the @; not meant to be shown. */
  readonly key: AddressKey;
}

/** Parses the address of an agent; white space around it is ignored. At most 64 octets before the @, 254 in all. */
export function parseIdentityAddress(text: string, options: IdentityOptions = {}): AddressFault | IdentityAddress {
  const profile: AddressOptions = {
    allowQuotedLocal: true,
    strict: true,
    globallyDeliverable: false,
    allowSingleLabel: options.allowSingleLabel,
    allowDomainLiteral: options.allowDomainLiteral,
  };
  const given = parseAddress(text.trim(), profile);
  if (!given.valid) return given;
  const localPart = given.localPart.toLowerCase();
  if (localPart === given.localPart || isAscii(localPart)) return identityOf(localPart, given);
  // Lower case can be longer (İ) and may need composing, so it is judged like any other text.
  const lowered = parseAddress(`${localPart}@${given.asciiDomain}`, profile);
  return lowered.valid ? identityOf(lowered.localPart, lowered) : lowered;
}

/** An address that somebody in the mesh may hold: which kinds of addresses a host gives out is that host's own setting. */
export function parseAnyAddress(text: string): AddressFault | IdentityAddress {
  return parseIdentityAddress(text, { allowSingleLabel: true, allowDomainLiteral: true });
}

/** The key of an address that somebody in the mesh may hold; `undefined` when the text is no address. */
export function anyAddressKey(text: string): AddressKey | undefined {
  const parsed = parseAnyAddress(text);
  return parsed.valid ? parsed.key : undefined;
}

function identityOf(localPart: string, { domain, asciiDomain }: ParsedAddress): IdentityAddress {
  return {
    valid: true,
    address: `${localPart}@${domain.toLowerCase()}` as EmailAddress,
    key: `${foldCase(localPart)}@${asciiDomain.toLowerCase()}` as AddressKey,
  };
}
