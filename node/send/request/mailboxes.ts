// Recipients and senders as a request names them: parsed by the one address parser, each to a name and an address, so that no
// text that a caller wrote is ever read as a list of addresses by anybody after us.
import { parseAddress } from '../../../mesh/address/parse.ts';
import { MeshError } from '../../../mesh/errors.ts';
import { refuseLineBreaks } from '../header-text.ts';
import type { Mailbox } from '../message.ts';

/** The name beside an address: `name` of a mailbox. */
const MAILBOX_NAME_CHARACTERS_MAX = 128;

/** A mailbox as a request has it: `a@x.com`, `Ann <a@x.com>`, or an object. */
export type MailboxInput = string | { readonly name?: string | undefined; readonly address: string };

export interface MailboxRules {
  /** Special-use domains (RFC 6761) that are mail domains here; lower case. */
  readonly internalDomains: readonly string[];
  /** Whether every domain will do: of an address that an agent owns already. */
  readonly isOwned?: boolean;
}

/** Throws `invalid_address` or `invalid_request` naming the field. */
export function parseMailbox(input: MailboxInput, field: string, rules: MailboxRules): Mailbox {
  const text = typeof input === 'string' ? input : input.address;
  const addressField = typeof input === 'string' ? field : `${field}.address`;
  refuseLineBreaks(text, addressField);
  const internal = rules.isOwned === true || isInternal(text, rules);
  const parsed = parseAddress(text.trim(), {
    allowQuotedLocal: true,
    allowDisplayName: typeof input === 'string',
    strict: true,
    globallyDeliverable: !internal,
    allowSingleLabel: internal,
    allowDomainLiteral: rules.isOwned,
  });
  if (parsed.valid) refuseUnwritable(parsed.normalized, addressField);
  if (!parsed.valid) {
    const hint = typeof input === 'string' && text.includes(',') ? ' Give several addresses as a list.' : '';
    throw new MeshError('invalid_address', `'${addressField}' is not an email address: ${parsed.error}${hint}`, {
      field: addressField,
    });
  }
  const name = (typeof input === 'string' ? parsed.displayName : input.name) ?? '';
  const nameField = typeof input === 'string' ? field : `${field}.name`;
  refuseLineBreaks(name, nameField);
  if (name.length > MAILBOX_NAME_CHARACTERS_MAX)
    throw new MeshError(
      'invalid_request',
      `'${nameField}' has a name of ${name.length} characters; at most ${MAILBOX_NAME_CHARACTERS_MAX} are allowed.`,
      { field: nameField },
    );
  return { name, address: parsed.normalized };
}

/**
 * Angle brackets end an address in a command to a server and in a header, also where quotes allow them (RFC 5321 §4.1.2), and the
 * mailer writes none such. Throws `invalid_address` naming the field.
 */
export function refuseUnwritable(address: string, field: string): void {
  if (!/[<>]/.test(address)) return;
  const message = `'${field}' has an angle bracket in its address, which mail can't be addressed with here: '${address}'.`;
  throw new MeshError('invalid_address', message, { field });
}

/** The mailbox that an address names, for telling repeats: the domain as A-labels, the local part as it is. */
export function mailboxKey(address: string): string {
  const parsed = parseAddress(address, {
    allowQuotedLocal: true,
    globallyDeliverable: false,
    allowSingleLabel: true,
    allowDomainLiteral: true,
  });
  return parsed.valid ? `${parsed.localPart}@${parsed.asciiDomain.toLowerCase()}` : address;
}

function isInternal(text: string, { internalDomains }: MailboxRules): boolean {
  const domain = text
    .slice(text.lastIndexOf('@') + 1)
    .replace(/>?\s*$/, '')
    .toLowerCase();
  return internalDomains.some((internal) => domain === internal || domain.endsWith(`.${internal}`));
}
