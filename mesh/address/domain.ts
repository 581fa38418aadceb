// A domain name after the @: mapped, taken apart into labels, each valid in IDNA 2008, in two spellings: U-labels to show and
// A-labels to send and compare. The rules and their order are those of python-email-validator, so that the first mistake named is the same.
// Nothing is asked of the DNS: whether the domain exists, or takes mail, is another question.
import { checkSafe, codePointOf, isAscii, listCharacters, quoteText } from './characters.ts';
import { type AddressFault, fault } from './fault.ts';
import { type ConvertedLabel, convertLabel, mapDomain } from './idna.ts';
import { LABEL_OCTETS_MAX } from './limits.ts';
import type { AddressOptions } from './options.ts';

/** A whole domain, counted as A-labels and without the root's dot. */
const DOMAIN_OCTETS_MAX = 253;

interface DomainName {
  readonly valid: true;
  /** Lower case, U-labels. */
  readonly domain: string;
  /** Lower case, A-labels. */
  readonly asciiDomain: string;
}

/** Names that never have a mailbox everyone can reach: RFC 6761 (`arpa` too), RFC 6762, RFC 7686. */
const SPECIAL_USE_DOMAINS = ['arpa', 'invalid', 'local', 'localhost', 'onion', 'test'];

const NOT_HOST_NAME = /[^a-zA-Z0-9\-.\u0080-\u{10ffff}]/gu;
/** One character that UTS #46 would turn into a dot and something else, or into several dots. */
const HIDDEN_DOTS = /[\u2024-\u2026\u2488-\u249b\ufe52\u{1f100}]/gu;
/** Reserved by RFC 5890 section 2.3.1, but for A-labels. */
const RESERVED_HYPHENS = /^(?!xn)..--/u;

/** The name in both spellings, or the first mistake in it. An address literal is none. */
export function parseDomainName(domain: string, options: AddressOptions): AddressFault | DomainName {
  const mapped = mapSafely(domain);
  if (typeof mapped !== 'string') return mapped;
  const malformed = checkDots(mapped) ?? checkHyphens(mapped);
  if (malformed !== undefined) return malformed;
  // A name in ASCII is measured before its A-labels are decoded; the length of any other is known only when it is encoded.
  if (isAscii(mapped)) {
    return checkName(mapped, domain, options) ?? convertLabels(mapped, 'is not valid IDNA');
  }
  const converted = convertLabels(mapped, 'is invalid');
  return converted.valid ? (checkName(converted.asciiDomain, domain, options) ?? converted) : converted;
}

/** Whether mail for `asciiDomain` could only stay inside a network, by its name. `test` counts unless this is a test. */
export function checkSpecialUse(asciiDomain: string, options: AddressOptions): AddressFault | undefined {
  if (options.globallyDeliverable === false) return undefined;
  const topLevel = asciiDomain.slice(asciiDomain.lastIndexOf('.') + 1);
  if (!SPECIAL_USE_DOMAINS.includes(topLevel) || (topLevel === 'test' && options.testEnvironment === true)) {
    return undefined;
  }
  return fault(
    'special_use_domain',
    'The part after the @-sign is a special-use or reserved name that cannot be used with email.',
  );
}

function mapSafely(domain: string): AddressFault | string {
  const wrong = listCharacters(domain, NOT_HOST_NAME);
  if (wrong !== undefined) {
    return fault('domain_characters', `The part after the @-sign contains invalid characters: ${wrong}.`);
  }
  const unsafe = checkSafe(domain, 'refused');
  if (unsafe !== undefined) return unsafe;
  const hidden = listCharacters(domain, HIDDEN_DOTS);
  if (hidden !== undefined) {
    return fault('domain_characters', `The part after the @-sign contains invalid characters: ${hidden}.`);
  }
  const mapping = mapDomain(domain);
  if ('refused' in mapping) {
    const { refused, position } = mapping;
    return fault(
      'domain_characters',
      `The part after the @-sign contains invalid characters (Codepoint ${codePointOf(refused)} not allowed at position ${position} in ${quoteText(domain)}).`,
    );
  }
  // Some characters are mapped to nothing (U+3164, a filler).
  if (mapping.mapped === '') return fault('empty_domain', 'There must be something visible after the @-sign.');
  const appeared = listCharacters(mapping.mapped, NOT_HOST_NAME);
  if (appeared === undefined) return mapping.mapped;
  return fault(
    'domain_characters',
    `The part after the @-sign contains invalid characters after Unicode normalization: ${appeared}.`,
  );
}

/** RFC 5322 section 3.2.3, and RFC 952 for hyphens at the edges. */
function checkDots(domain: string): AddressFault | undefined {
  if (domain.endsWith('.')) return fault('domain_dots', 'An email address cannot end with a period.');
  if (domain.startsWith('.')) {
    return fault('domain_dots', 'An email address cannot have a period immediately after the @-sign.');
  }
  if (domain.includes('..')) return fault('domain_dots', 'An email address cannot have two periods in a row.');
  return undefined;
}

function checkHyphens(domain: string): AddressFault | undefined {
  if (domain.endsWith('-')) return fault('domain_hyphens', 'An email address cannot end with a hyphen.');
  if (domain.startsWith('-')) {
    return fault('domain_hyphens', 'An email address cannot have a hyphen immediately after the @-sign.');
  }
  if (domain.includes('.-') || domain.includes('-.')) {
    return fault('domain_hyphens', 'An email address cannot have a period and a hyphen next to each other.');
  }
  if (domain.split('.').some((label) => RESERVED_HYPHENS.test(label))) {
    return fault(
      'domain_hyphens',
      'An email address cannot have two letters followed by two dashes immediately after the @-sign or after a period, except Punycode.',
    );
  }
  return undefined;
}

/** `verdict` is said of the part after the @ when one of its labels can't be converted. */
function convertLabels(mapped: string, verdict: string): AddressFault | DomainName {
  const labels: ConvertedLabel[] = [];
  for (const text of mapped.split('.')) {
    const label = convertLabel(text);
    if ('problem' in label) return fault('idna', `The part after the @-sign ${verdict} (${label.problem}).`);
    labels.push(label);
  }
  return {
    valid: true,
    domain: labels.map(({ unicode }) => unicode).join('.'),
    asciiDomain: labels.map(({ ascii }) => ascii).join('.'),
  };
}

/** The fault that a name has in its ASCII form, if any. `given` is the text it was made from. */
function checkName(asciiDomain: string, given: string, options: AddressOptions): AddressFault | undefined {
  return (
    checkLengths(asciiDomain, given) ?? checkTopLevel(asciiDomain, options) ?? checkSpecialUse(asciiDomain, options)
  );
}

function checkLengths(asciiDomain: string, given: string): AddressFault | undefined {
  const over = asciiDomain.length - DOMAIN_OCTETS_MAX;
  if (over > 0) {
    const reason =
      asciiDomain === given
        ? `(${over} ${over === 1 ? 'character' : 'characters'} too many)`
        : `(${over} ${over === 1 ? 'byte' : 'bytes'} too many after IDNA encoding)`;
    return fault('domain_too_long', `The email address is too long after the @-sign ${reason}.`);
  }
  for (const label of asciiDomain.split('.')) {
    const labelOver = label.length - LABEL_OCTETS_MAX;
    if (labelOver > 0) {
      return fault(
        'label_too_long',
        `After the @-sign, periods cannot be separated by so many characters (${labelOver} ${labelOver === 1 ? 'character' : 'characters'} too many).`,
      );
    }
  }
  return undefined;
}

/** No name of the public DNS is a single label, or ends in anything but a letter; a number at the end is an IP address to many. */
function checkTopLevel(asciiDomain: string, options: AddressOptions): AddressFault | undefined {
  const isSingle = !asciiDomain.includes('.');
  const isTest = asciiDomain === 'test' && options.testEnvironment === true;
  if (isSingle && !isTest && options.allowSingleLabel !== true) {
    return fault('single_label', 'The part after the @-sign is not valid. It should have a period.');
  }
  // The name of one machine may well end in a digit.
  if (isSingle ? /[a-z]/.test(asciiDomain) : /[a-z]$/.test(asciiDomain)) return undefined;
  return fault(
    'top_level_domain',
    'The part after the @-sign is not valid. It is not within a valid top-level domain.',
  );
}
