// The name of a domain, as somebody writes it and as the DNS does; and why one is not taken.
import { domainToASCII } from 'node:url';
import { parseAnyAddress } from '../../../mesh/address/identity.ts';
import { DOMAINS_MAX, UNPROVED_OF_POD_MAX } from '../domain.ts';
import { MailboxError, wrongField } from '../errors.ts';

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

export function notAdded(why: 'taken' | 'full' | 'unproved', name: string): MailboxError {
  if (why === 'taken') return takenDomain(name);
  if (why === 'full') return new MailboxError('limit_exceeded', `This host keeps at most ${DOMAINS_MAX} domains.`);
  const message = `A pod keeps at most ${UNPROVED_OF_POD_MAX} domains that were never verified.`;
  return new MailboxError('limit_exceeded', message, { fix: 'Verify them, or delete those that are not needed.' });
}

export function takenDomain(name: string): MailboxError {
  return new MailboxError('resource_taken', `The domain '${name}' is taken.`);
}
