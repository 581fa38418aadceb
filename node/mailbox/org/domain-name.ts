// The name of a domain, as somebody writes it and as the DNS does.
import { domainToASCII } from 'node:url';
import { parseAnyAddress } from '../../../mesh/address/identity.ts';
import { type MailboxError, wrongField } from '../errors.ts';

/** RFC 1035 §2.3.4 allows 253, of which the name of the key needs some. */
const NAME_CHARACTERS_MAX = 200;
/** Labels, the last of which is no number: that would be an address (RFC 3696 §2). */
const NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9-]{2,63}$/;

/** The domain that a text means, as the DNS writes it. */
export function nameOf(text: string): string | undefined {
  const parsed = parseAnyAddress(`a@${text.trim().toLowerCase().replace(/\.$/, '')}`);
  const name = parsed.valid ? domainToASCII(parsed.address.slice(parsed.address.indexOf('@') + 1)) : '';
  return name.length <= NAME_CHARACTERS_MAX && NAME.test(name) ? name : undefined;
}

export function invalidName(name: string): MailboxError {
  return wrongField('domain', `must be a domain, like agents.example.com, not '${name.slice(0, 100)}'`);
}
