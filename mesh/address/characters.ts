// Characters: which are unsafe anywhere in an address, and how an error shows one without printing what would harm a
// terminal or turn the line around. Categories are the running engine's Unicode version's: a character that it doesn't know
// is unassigned, hence refused, so two hosts can disagree only on characters that one of them has never heard of.
// Names are known for spaces, format characters and the common combining marks; all others are shown as U+XXXX.
import characterNames from './character-names.json' with { type: 'json' };
import { type AddressFault, fault } from './fault.ts';

const NAMES = new Map(Object.entries(characterNames.names));

/** Z, C, and a mark in first place, which would change the character before the text (python-email-validator's rule; UTS #39). */
const UNSAFE = /[\p{Z}\p{C}]|^\p{M}/gu;
/** Unsafe characters where spaces are allowed, in quoted local parts and display names. */
const UNSAFE_BUT_SPACES = /[\p{Zl}\p{Zp}\p{C}]|^\p{M}/gu;
const NOT_ASCII = /[\u0080-\uffff]/;
const VISIBLE = /^[\p{L}\p{N}\p{P}\p{S}]$/u;

/** Refuses characters that are invisible, control the display, have no meaning, or join with what stands before `text`. */
export function checkSafe(text: string, spaces: 'allowed' | 'refused'): AddressFault | undefined {
  const found = text.match(spaces === 'allowed' ? UNSAFE_BUT_SPACES : UNSAFE);
  if (found === null) return undefined;
  const shown = [...new Set(found)].sort(byCodePoint).map(showCharacter).join(', ');
  return fault('unsafe_characters', `The email address contains unsafe characters: ${shown}.`);
}

/** What `pattern` (with the flag `g`) finds in `text`, each character once, shown and sorted; `undefined` when it finds none. */
export function listCharacters(text: string, pattern: RegExp): string | undefined {
  const found = text.match(pattern);
  return found === null ? undefined : [...new Set(found.map(showCharacter))].sort(byCodePoint).join(', ');
}

/** A visible character in quotes, any other by its Unicode name or as U+XXXX (U+00XXXXXX from U+FFFF on). */
export function showCharacter(character: string): string {
  if (VISIBLE.test(character)) return character === "'" || character === '\\' ? `"${character}"` : `'${character}'`;
  const name = codePointOf(character);
  // python-email-validator writes eight digits from U+FFFF on.
  return NAMES.get(name) ?? (name.length === 6 && name !== 'U+FFFF' ? name : `U+${name.slice(2).padStart(8, '0')}`);
}

/** `U+` and at least four hexadecimal digits. */
export function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Text in single quotes with everything unprintable escaped, for sentences that must quote what was given. */
export function quoteText(text: string): string {
  const escaped = text.replace(/[\p{C}\p{Z}\\']/gu, (character) => {
    if (character === ' ') return character;
    if (character === "'" || character === '\\') return `\\${character}`;
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
  return `'${escaped}'`;
}

export function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** Code points, where `length` counts UTF-16 units. */
export function countCodePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Octets of `text` in UTF-8. */
export function countOctets(text: string): number {
  let octets = 0;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) octets += 1;
    else if (unit < 0x800) octets += 2;
    // Each half of a surrogate pair counts for two of its four octets.
    else octets += unit >= 0xd800 && unit <= 0xdfff ? 2 : 3;
  }
  return octets;
}

/** Sorts by code points; plain comparison would put U+10000 before U+E000. */
function byCodePoint(a: string, b: string): number {
  const left = Array.from(a, (character) => character.codePointAt(0) ?? 0);
  const right = Array.from(b, (character) => character.codePointAt(0) ?? 0);
  const at = left.findIndex((codePoint, i) => codePoint !== right[i]);
  return at === -1 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}
