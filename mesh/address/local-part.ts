// The part before the @: a dot-atom, the same with UTF-8 (RFC 6531 section 3.3), or whatever was quoted, re-quoted only where it
// must be (RFC 5321 section 4.1.2: all quoted forms are equal, the one with the fewest quotes is sent).
// Upper and lower case are kept, but for the mailbox names of RFC 2142: whether other names differ by case, only their host knows.
import { checkSafe, countCodePoints, countOctets, isAscii, listCharacters } from './characters.ts';
import { type AddressFault, fault } from './fault.ts';
import { LOCAL_PART_OCTETS_MAX } from './limits.ts';
import type { AddressOptions } from './options.ts';

interface LocalPart {
  readonly valid: true;
  /** NFC, quoted where it can't do without. */
  readonly localPart: string;
  /** Whether it can only be sent with SMTPUTF8: as given, so before NFC. */
  readonly smtputf8: boolean;
}

const DOT_ATOM = /^[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~]+(?:\.[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~]+)*$/;
const DOT_ATOM_UTF8 =
  /^[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+(?:\.[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~\u0080-\u{10ffff}]+)*$/u;
const NOT_DOT_ATOM_UTF8 = /[^a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~.\u0080-\u{10ffff}]/gu;
const NOT_QUOTABLE = /[^ -~\u0080-\u{10ffff}]/gu;
const NOT_ASCII = /[^ -~]/gu;

/** RFC 2142 sections 3 to 5: names that every host takes without regard to case. */
const MAILBOX_NAMES = new Set(
  'info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp'.split(' '),
);

/** `text` is unquoted and unescaped; `isQuoted` says whether it stood in quotes. */
export function parseLocalPart(text: string, isQuoted: boolean, options: AddressOptions): AddressFault | LocalPart {
  const given = checkLocalPart(text, isQuoted, options);
  if (!given.valid) return given;
  let { localPart } = given;
  const composed = text.normalize('NFC');
  if (composed !== text) {
    // U+037E becomes `;`, so what was fine before may not be now.
    const after = checkLocalPart(composed, isQuoted, options);
    if (!after.valid) return fault(after.code, `After Unicode normalization: ${after.error}`);
    localPart = after.localPart;
  }
  if (isQuoted && options.allowQuotedLocal !== true) {
    return fault('quoted_local_part_not_allowed', 'Quoting the part before the @-sign is not allowed here.');
  }
  const octetsOver = countOctets(localPart) - LOCAL_PART_OCTETS_MAX;
  if (options.strict === true && octetsOver > 0) {
    return fault(
      'local_part_too_long',
      `The email address is too long before the @-sign (${octetsOver} ${octetsOver === 1 ? 'byte' : 'bytes'} too many as sent).`,
    );
  }
  return { valid: true, localPart: lowerMailboxName(localPart), smtputf8: given.smtputf8 };
}

/** RFC 2142's names in lower case, every other local part as it is. */
export function lowerMailboxName(localPart: string): string {
  const lowered = localPart.toLowerCase();
  return MAILBOX_NAMES.has(lowered) ? lowered : localPart;
}

function checkLocalPart(text: string, isQuoted: boolean, options: AddressOptions): AddressFault | LocalPart {
  if (text === '') {
    return options.allowEmptyLocal === true
      ? { valid: true, localPart: '', smtputf8: false }
      : fault('empty_local_part', 'There must be something before the @-sign.');
  }
  const over = countCodePoints(text) - LOCAL_PART_OCTETS_MAX;
  if (options.strict === true && over > 0) {
    return fault(
      'local_part_too_long',
      `The email address is too long before the @-sign (${over} ${over === 1 ? 'character' : 'characters'} too many).`,
    );
  }
  if (DOT_ATOM.test(text)) return { valid: true, localPart: text, smtputf8: false };
  const isDotAtom = DOT_ATOM_UTF8.test(text);
  if (!isDotAtom) {
    const wrong = isQuoted ? checkQuotable(text) : explainNoDotAtom(text);
    if (wrong !== undefined) return wrong;
  }
  const foreign = options.allowSmtputf8 === false ? listCharacters(text, NOT_ASCII) : undefined;
  if (foreign !== undefined) {
    return fault(
      'smtputf8_not_allowed',
      `Internationalized characters before the @-sign are not supported: ${foreign}.`,
    );
  }
  const unsafe = checkSafe(text, isDotAtom ? 'refused' : 'allowed');
  if (unsafe !== undefined) return unsafe;
  return {
    valid: true,
    localPart: isDotAtom ? text : `"${text.replace(/["\\]/g, '\\$&')}"`,
    smtputf8: !isAscii(text),
  };
}

function checkQuotable(text: string): AddressFault | undefined {
  const wrong = listCharacters(text, NOT_QUOTABLE);
  if (wrong === undefined) return undefined;
  return fault(
    'local_part_characters',
    `The email address contains invalid characters in quotes before the @-sign: ${wrong}.`,
  );
}

/** What keeps `text`, unquoted and not empty, from being a dot-atom. */
function explainNoDotAtom(text: string): AddressFault {
  const wrong = listCharacters(text, NOT_DOT_ATOM_UTF8);
  if (wrong !== undefined) {
    return fault('local_part_characters', `The email address contains invalid characters before the @-sign: ${wrong}.`);
  }
  if (text.endsWith('.')) {
    return fault('local_part_dots', 'An email address cannot have a period immediately before the @-sign.');
  }
  if (text.startsWith('.')) return fault('local_part_dots', 'An email address cannot start with a period.');
  return fault('local_part_dots', 'An email address cannot have two periods in a row.');
}
