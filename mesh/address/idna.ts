// Internationalized labels. What a person types is mapped by UTS #46 (non-transitional: ß and ς stay themselves), which tr46 does;
// what is left must be a label that IDNA 2008 allows (RFC 5891 section 5.4, RFC 5892), which UTS #46 alone is too generous for:
// it lets emoji through. Classes are derived from the engine's Unicode properties as RFC 5892 section 3 derives them.
// The Bidi rule (RFC 5893) is applied to each label by itself, as registries and python-email-validator do, not across the whole name.
// Joiners (CONTEXTJ) need no rule here: U+200C and U+200D are format characters and were refused as unsafe.
import { toASCII, toUnicode } from 'tr46';
import { codePointOf, isAscii, quoteText } from './characters.ts';
import { LABEL_OCTETS_MAX } from './limits.ts';

/** The two spellings of a label; equal when it is plain ASCII. */
export interface ConvertedLabel {
  readonly unicode: string;
  readonly ascii: string;
}

const CHECKS = { checkBidi: true, checkHyphens: true };
const NOT_ASCII_RUNS = /[\u0080-\u{10ffff}]+/gu;
/** Put before what is mapped: a character that no mark joins and no rule minds. */
const ANCHOR = '0';

/** RFC 5892 section 2, class by class; the numbers are its sections. */
const LETTER_DIGITS_1 = String.raw`\p{L}\p{Nd}\p{Mn}\p{Mc}`;
const UNSTABLE_2 = String.raw`\p{Changes_When_NFKC_Casefolded}`;
const IGNORABLE_3 = String.raw`\p{Default_Ignorable_Code_Point}\p{White_Space}\p{Noncharacter_Code_Point}`;
const IGNORABLE_BLOCKS_4 = String.raw`\u20d0-\u20ff\u{1d100}-\u{1d24f}`;
const PERMITTED_5_6 = String.raw`a-z0-9\-\u00df\u03c2\u06fd\u06fe\u0f0b\u3007\u00b7\u0375\u05f3\u05f4\u30fb`;
const DISALLOWED_6 = String.raw`\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b`;
const OLD_HANGUL_JAMO_9 = String.raw`\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb`;
const REFUSED = UNSTABLE_2 + IGNORABLE_3 + IGNORABLE_BLOCKS_4 + DISALLOWED_6 + OLD_HANGUL_JAMO_9;
/** Nothing but PVALID and CONTEXTO, and dots between labels. UTS #46 maps each of these characters to itself. */
const ALLOWED = new RegExp(`^[[[${LETTER_DIGITS_1}]--[${REFUSED}]][${PERMITTED_5_6}.]]*$`, 'v');

/** CONTEXTO: allowed only where `isInContext` says so. */
const CONTEXTUAL = /[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]/u;
const GREEK = /\p{Script=Greek}/u;
const HEBREW = /\p{Script=Hebrew}/u;
const JAPANESE = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;
const ARABIC_INDIC_DIGIT = /[\u0660-\u0669]/u;
const EXTENDED_ARABIC_INDIC_DIGIT = /[\u06f0-\u06f9]/u;

/** Maps a name by UTS #46 and composes it (NFC); dots of other scripts become dots. `position` counts code points from 1. */
export function mapDomain(
  domain: string,
): { readonly mapped: string } | { readonly refused: string; readonly position: number } {
  if (isAscii(domain)) return { mapped: domain.toLowerCase() };
  const lowered = domain.replace(/[A-Z]+/g, (run) => run.toLowerCase());
  if (ALLOWED.test(lowered)) return { mapped: lowered.normalize('NFC') };
  let isRefused = false;
  const mapped = lowered.replace(NOT_ASCII_RUNS, (run) => {
    const whole = toUnicode(ANCHOR + run);
    if (!whole.error) return whole.domain.slice(ANCHOR.length);
    // Either a character is refused, or a label inside the run looks wrong by itself, which is not decided here.
    return Array.from(run, (character) => {
      const single = toUnicode(ANCHOR + character);
      isRefused ||= single.error;
      return single.domain.slice(ANCHOR.length);
    }).join('');
  });
  if (!isRefused) return { mapped: mapped.normalize('NFC') };
  const characters = Array.from(domain);
  const at = characters.findIndex((character) => toUnicode(ANCHOR + character).error);
  return { refused: characters[at] ?? '', position: at + 1 };
}

/** Converts a mapped label, or says in a phrase why it can't be. An A-label must decode, and encode to itself again. */
export function convertLabel(label: string): ConvertedLabel | { readonly problem: string } {
  if (!isAscii(label)) return encodeLabel(label);
  if (label.length > LABEL_OCTETS_MAX) return { problem: 'Label too long' };
  if (!label.startsWith('xn--')) return { unicode: label, ascii: label };
  const decoded = toUnicode(label);
  if (decoded.error) return { problem: 'Invalid A-label' };
  const encoded = encodeLabel(decoded.domain);
  return 'problem' in encoded || encoded.ascii === label ? encoded : { problem: 'Invalid A-label' };
}

function encodeLabel(unicode: string): ConvertedLabel | { readonly problem: string } {
  const problem = checkULabel(unicode);
  if (problem !== undefined) return { problem };
  const ascii = toASCII(unicode, CHECKS);
  if (ascii === null) return { problem: 'Label breaks the rules for bidirectional text' };
  return ascii.length > LABEL_OCTETS_MAX ? { problem: 'Label too long' } : { unicode, ascii };
}

/** RFC 5891 section 5.4, but for NFC, which mapping made and decoding checked, and the Bidi rule, which encoding checks. */
function checkULabel(label: string): string | undefined {
  // Encoding makes no label shorter: one that has no chance is spared the work of the rules below.
  if (label.length > 2 * LABEL_OCTETS_MAX) return 'Label too long';
  if (/^\p{M}/u.test(label)) return 'Label begins with a combining mark';
  if (/^..--/u.test(label)) return 'Label has hyphens in 3rd and 4th position';
  if (ALLOWED.test(label) && !CONTEXTUAL.test(label)) return undefined;
  const characters = Array.from(label);
  for (const [i, character] of characters.entries()) {
    if (!ALLOWED.test(character)) {
      return `Codepoint ${codePointOf(character)} at position ${i + 1} of ${quoteText(label)} not allowed`;
    }
    if (CONTEXTUAL.test(character) && !isInContext(characters, i)) {
      return `Codepoint ${codePointOf(character)} not allowed at position ${i + 1} in ${quoteText(label)}`;
    }
  }
  return undefined;
}

/** RFC 5892 appendix A.3 to A.9. */
function isInContext(characters: readonly string[], at: number): boolean {
  const character = characters[at] ?? '';
  const before = characters[at - 1] ?? '';
  const after = characters[at + 1] ?? '';
  const has = (pattern: RegExp) => characters.some((other) => pattern.test(other));
  if (character === '\u00b7') return before === 'l' && after === 'l';
  if (character === '\u0375') return GREEK.test(after);
  if (character === '\u30fb') return has(JAPANESE);
  if (ARABIC_INDIC_DIGIT.test(character)) return !has(EXTENDED_ARABIC_INDIC_DIGIT);
  if (EXTENDED_ARABIC_INDIC_DIGIT.test(character)) return !has(ARABIC_INDIC_DIGIT);
  return HEBREW.test(before);
}
