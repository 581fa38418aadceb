// A short way to parse what nearly every address is: an ASCII dot-atom before a host name. It only accepts, with the very result of the
// long way. It leaves every other text to the long way, which also finds the words for a refusal. It must not accept what the long way
// refuses; a test compares the two over generated texts.
import { checkSpecialUse } from './domain.ts';
import { ADDRESS_OCTETS_MAX, LOCAL_PART_OCTETS_MAX } from './limits.ts';
import { lowerMailboxName } from './local-part.ts';
import type { AddressOptions } from './options.ts';

interface PlainAddress {
  readonly localPart: string;
  readonly domain: string;
}

/** Local part, then labels of at most 63 letters, digits and inner hyphens, the last one ending in a letter. */
const PLAIN =
  /^[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~]+(?:\.[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~]+)*@(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+(?:[a-zA-Z0-9][a-zA-Z0-9-]{0,61})?[a-zA-Z]$/;

/** `undefined` when the long way must be taken. */
export function parsePlain(text: string, options: AddressOptions): PlainAddress | undefined {
  if (text.length > ADDRESS_OCTETS_MAX || !PLAIN.test(text)) return undefined;
  const at = text.indexOf('@');
  if (options.strict === true && at > LOCAL_PART_OCTETS_MAX) return undefined;
  const domain = text.slice(at + 1).toLowerCase();
  // Two hyphens may be the sign of an A-label, or of one that is reserved.
  if (domain.includes('--')) return undefined;
  if (checkSpecialUse(domain, options) !== undefined) return undefined;
  return { localPart: lowerMailboxName(text.slice(0, at)), domain };
}
