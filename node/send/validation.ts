// Whether a text is an email address one could write to, told with the fields and the sentences of the yardstick
// (python-email-validator): a function of the one parser, so that what validates is what is accepted.
import { parseAddress } from '../../mesh/address/parse.ts';

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
}

export interface InvalidAddress {
  readonly email: string;
  readonly valid: false;
  /** A sentence. */
  readonly error: string;
  readonly error_code: string;
}

/** As for a recipient of mail: quoted local parts are fine, display names and special-use domains are not. */
export function validateEmail(email: string): ValidAddress | InvalidAddress {
  const parsed = parseAddress(email, { allowQuotedLocal: true, strict: true });
  if (!parsed.valid) return { email, valid: false, error: parsed.error, error_code: parsed.code };
  const { normalized, localPart, domain, asciiEmail, asciiLocalPart, asciiDomain, smtputf8 } = parsed;
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
  };
}
