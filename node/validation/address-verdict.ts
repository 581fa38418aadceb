// Whether a text is an email address one could write to, told with the fields and the sentences of
// python-email-validator: a function of the one parser, so that what validates is what is accepted.

import { z } from 'zod';
import { parseAddress } from '../../mesh/address/parse.ts';

/** Addresses in one `validate`. */
const VALIDATE_ADDRESSES_MAX = 1_000;

/** The body of `POST /api/email/validate`. It has either `email` or `emails`. */
export const validateRequest = z.strictObject({
  email: z.string().optional(),
  emails: z.array(z.string()).max(VALIDATE_ADDRESSES_MAX).optional(),
  checkDeliverability: z.boolean().optional(),
  allowQuotedLocal: z.boolean().optional(),
  allowDomainLiteral: z.boolean().optional(),
});

export interface ValidAddress {
  readonly email: string;
  readonly valid: true;
  readonly normalized: string;
  readonly local: string;
  readonly domain: string;
  /** `null` when the local part needs SMTPUTF8. */
  readonly ascii_email: string | null;
  readonly ascii_local: string | null;
  readonly ascii_domain: string;
  readonly smtputf8: boolean;
  /** The IP address, when the domain is one. */
  readonly domain_address?: string;
}

/** Forms of addresses that are refused unless the caller allows them; the options and defaults of python-email-validator. */
export interface ValidationOptions {
  /** `"john doe"@…`. */
  readonly allowQuotedLocal?: boolean | undefined;
  /** `…@[192.0.2.1]`. */
  readonly allowDomainLiteral?: boolean | undefined;
}

export interface InvalidAddress {
  readonly email: string;
  readonly valid: false;
  /** A sentence. */
  readonly error: string;
  readonly error_code: string;
}

/** Judges as python-email-validator does by its defaults, but for one: more than 64 octets before the @ are no address (RFC 5321 section 4.5.3.1.1). */
export function validateEmail(email: string, options: ValidationOptions = {}): ValidAddress | InvalidAddress {
  const parsed = parseAddress(email, { ...options, strict: true });
  if (!parsed.valid) return { email, valid: false, error: parsed.error, error_code: parsed.code };
  const { normalized, localPart, domain, asciiEmail, asciiLocalPart, asciiDomain, smtputf8, domainAddress } = parsed;
  return {
    email,
    valid: true,
    normalized,
    local: localPart,
    domain,
    ascii_email: asciiEmail,
    ascii_local: asciiLocalPart,
    ascii_domain: asciiDomain,
    smtputf8,
    ...(domainAddress === undefined ? {} : { domain_address: domainAddress }),
  };
}
