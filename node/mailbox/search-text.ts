// What the index of words is told of a mail, and what it is asked. Its tokenizer makes words of letters and digits, without case and
// diacritics; two things it can't do are done here: scripts without spaces are taken character by character, and for what must be found
// within words, three characters at a time are made into words of their own ("grams").

/** Scripts that have no spaces between words. */
const UNSPACED = '\\p{sc=Han}\\p{sc=Hiragana}\\p{sc=Katakana}\\p{sc=Hangul}';
const UNSPACED_CHARACTER = new RegExp(`[${UNSPACED}]`, 'gu');
const HAS_UNSPACED = new RegExp(`[${UNSPACED}]`, 'u');
/** What words are made of, and what of it belongs to scripts with spaces. */
const IN_WORDS = '\\p{L}\\p{N}\\p{Co}\\p{M}';
export const SPACED = `[[${IN_WORDS}]--[${UNSPACED}]]`;
export const BETWEEN_WORDS = `[^${IN_WORDS}]`;
const TOKENS = new RegExp(`[${UNSPACED}]|${SPACED}+`, 'gv');

/** Characters that make one gram. */
const GRAM = 3;
/** Digits of a character in a gram. */
const GRAM_DIGITS = 4;
/** Stands between two texts, so that no gram phrase is found across them. */
const GRAM_BREAK = 'x';
/** Characters of a field of a header in which parts of words are found. */
const GRAMMED_CHARACTERS_MAX = 2_000;

/** Without case and diacritics. */
export function folded(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').normalize('NFC').toLowerCase();
}

/** The text with spaces around each character of a script that has none. */
export function spaced(text: string): string {
  return HAS_UNSPACED.test(text) ? text.replaceAll(UNSPACED_CHARACTER, ' $& ') : text;
}

/** The words of a text in which all others are found, folded. */
export function tokensOf(text: string): readonly string[] {
  return folded(text).match(TOKENS) ?? [];
}

/** Whether it is written without spaces. */
export function isUnspaced(token: string): boolean {
  return HAS_UNSPACED.test(token);
}

/** Words for all that stands within the texts. */
export function gramsOf(texts: readonly string[]): string {
  return texts.map((text) => gramWords(text.slice(0, GRAMMED_CHARACTERS_MAX)).join(' ')).join(` ${GRAM_BREAK} `);
}

function gramWords(text: string): readonly string[] {
  const characters = [...folded(text)].map((character) =>
    (character.codePointAt(0) ?? 0).toString(36).padStart(GRAM_DIGITS, '0'),
  );
  return characters.slice(GRAM - 1).map((_, at) => characters.slice(at, at + GRAM).join(''));
}

/** Columns of the index in which whole words are looked for. */
const WORD_COLUMNS = '{sender recipients subject body}';

/** The parts of a question of which each must be found: what stands between spaces. Those without a letter or digit find nothing. */
export function wordsAsked(question: string): readonly string[] {
  const words = question.replaceAll(/\p{Cc}/gu, ' ').split(/\s+/);
  return [...new Map(words.map((word) => [folded(word), word])).values()].filter((word) => tokensOf(word).length > 0);
}

/**
 * The question in the language of the index: every word as a word anywhere; `within`, or as a part of addresses and subject. `scope`: in
 * that; absent: in any.
 */
export function matchOf(words: readonly string[], scope: string | undefined, within: boolean): string {
  const found = words.map((word) => {
    const whole = `${WORD_COLUMNS} : ${quoted(spaced(word))}`;
    const grams = within ? gramWords(word) : [];
    return grams.length === 0 ? `(${whole})` : `((${whole}) OR (grams : ${quoted(grams.join(' '))}))`;
  });
  const inScope = scope === undefined ? [] : [`(scope : ${quoted(scope)})`];
  return [...inScope, ...found].join(' AND ');
}

/** The question for what has words that begin so, in the column `words`. `scope`: in that; absent: in any. `undefined`: it says no word. */
export function beginningsOf(words: readonly string[], scope: string | undefined): string | undefined {
  const said = words.filter((word) => tokensOf(word).length > 0).map((word) => `(words : ${quoted(word)} *)`);
  const inScope = scope === undefined ? [] : [`(scope : ${quoted(scope)})`];
  return said.length === 0 ? undefined : [...inScope, ...said].join(' AND ');
}

/** No operator, whatever it says. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
