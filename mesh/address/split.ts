// Takes a text apart: display name, local part, domain (RFC 5322 section 3.4 without comments and folding, RFC 5321 section 4.1.2).
// The local part ends at the first `@` outside quotes; a `<` before that means that a display name stands in front.
// It unquotes and unescapes, but judges no character outside display names: what each part may hold is for others to say.
import { checkSafe, listCharacters, showCharacter } from './characters.ts';
import { type AddressFault, fault } from './fault.ts';

export interface AddressParts {
  readonly valid: true;
  /** Unquoted. Empty when there are angle brackets and nothing before them; absent without angle brackets. */
  readonly displayName: string | undefined;
  /** `local@domain` as it was given. */
  readonly original: string;
  /** Unquoted and unescaped. */
  readonly localPart: string;
  readonly isQuoted: boolean;
  /** The domain as it was given; may be empty. */
  readonly domain: string;
}

/** Everything but atext and space (RFC 5322 section 3.2.3). */
const NOT_IN_PLAIN_NAME = /[^a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~ ]/gu;
const MARKS = /\p{M}+/uy;

/** The parts of `Name <local@domain>` or `local@domain`, unquoted; or the first fault that splitting comes upon, such as a missing `@`. */
export function splitAddress(text: string): AddressFault | AddressParts {
  const at = findUnquoted(text, '@<');
  if (at === -1) return missingAtSign(text);
  return text[at] === '<' ? splitNamed(text.slice(0, at), text.slice(at)) : splitAt(text, at, undefined);
}

function splitNamed(name: string, bracketed: string): AddressFault | AddressParts {
  const display = unquote(name.trimEnd());
  if (!display.valid) return display;
  const wrong = display.isQuoted ? undefined : listCharacters(display.text, NOT_IN_PLAIN_NAME);
  if (wrong !== undefined) {
    return fault('display_name_characters', `The display name contains invalid characters when not quoted: ${wrong}.`);
  }
  const unsafe = checkSafe(display.text, 'allowed');
  if (unsafe !== undefined) return unsafe;
  if (!bracketed.includes('>')) {
    return fault(
      'angle_brackets',
      'An open angle bracket at the start of the email address has to be followed by a close angle bracket at the end.',
    );
  }
  const end = lengthWithout(bracketed, ' ');
  if (bracketed[end - 1] !== '>') return fault('angle_brackets', "There can't be anything after the email address.");
  const address = bracketed.slice(1, lengthWithout(bracketed.slice(0, end), '>'));
  const at = findUnquoted(address, '@');
  return at === -1 ? missingAtSign(address) : splitAt(address, at, display.text.normalize('NFC'));
}

function splitAt(address: string, at: number, displayName: string | undefined): AddressFault | AddressParts {
  const local = unquote(address.slice(0, at));
  if (!local.valid) return local;
  return {
    valid: true,
    displayName,
    original: address,
    localPart: local.text,
    isQuoted: local.isQuoted,
    domain: address.slice(at + 1),
  };
}

/** Index of the first of `specials` that is outside quotes and does not join with a mark after it (`<` and U+0338 are `≮`); -1 if none. */
function findUnquoted(text: string, specials: string): number {
  let isInside = false;
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i] ?? '';
    if (character === '"') isInside = !isInside;
    else if (isInside && character === '\\') i += 1;
    else if (!isInside && specials.includes(character) && !joinsMark(text, i)) return i;
  }
  return -1;
}

function joinsMark(text: string, at: number): boolean {
  MARKS.lastIndex = at + 1;
  const marks = MARKS.exec(text);
  return marks !== null && !`${text[at]}${marks[0]}`.normalize('NFC').startsWith(text[at] ?? '');
}

function missingAtSign(text: string): AddressFault {
  if (text.includes('\uff20')) {
    return fault(
      'lookalike_at_sign',
      'The email address has the "full-width" at-sign (@) character instead of a regular at-sign.',
    );
  }
  if (text.includes('\ufe6b')) {
    return fault(
      'lookalike_at_sign',
      'The email address has the "small commercial at" character instead of a regular at-sign.',
    );
  }
  return fault('no_at_sign', 'An email address must have an @-sign.');
}

interface Unquoted {
  readonly valid: true;
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Takes quotes and escapes away. Any character may be escaped; a quote that is not in first place is left to others. */
function unquote(text: string): AddressFault | Unquoted {
  if (!text.startsWith('"')) return { valid: true, text, isQuoted: false };
  let value = '';
  for (let i = 1; i < text.length; i += 1) {
    const character = text[i] ?? '';
    if (character === '"') {
      const after = text.slice(i + 1);
      if (after === '') break;
      return fault(
        'after_closing_quote',
        `Extra character(s) found after close quote: ${Array.from(after, showCharacter).join(', ')}`,
      );
    }
    if (character === '\\') i += 1;
    value += text[i] ?? '';
  }
  return { valid: true, text: value, isQuoted: true };
}

/** Length of `text` without the `character`s at its end. */
function lengthWithout(text: string, character: string): number {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return end;
}
