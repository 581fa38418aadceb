// Where the words that were looked for stand, as it is shown: some fragments of each field, what was found between two pairs of asterisks.
import type { FoundTexts, Highlights } from '../search-question.ts';
import { BETWEEN_WORDS, folded, isUnspaced, SPACED, tokensOf } from '../search-text.ts';

/** Fragments of one field. */
const FRAGMENTS_MAX = 3;
/** Characters of the text in one fragment, and how many of them stand in front of what was found. */
const FRAGMENT_CHARACTERS_MAX = 160;
const BEFORE_CHARACTERS = 60;
/** Characters within which a word is expected to begin. */
const WORD_CHARACTERS = 20;
/** Characters that are looked through at once, and how many of the next are seen with them. */
const PIECE_CHARACTERS = 4_096;
const OVERLAP_CHARACTERS = 1_024;
/** Characters that stand between two words of what was asked as one: `a-b`, `a…b`. */
const GAP_CHARACTERS_MAX = 20;
const MARK = '**';

/** What shows why some mails were found; `undefined`: nothing of them does. */
export function highlightsOf(mails: readonly FoundTexts[], words: readonly string[]): Highlights | undefined {
  const { whole, within } = findersOf(words);
  const found = {
    from: mails.map(({ from }) => from),
    recipients: mails.flatMap(({ recipients }) => recipients),
    subject: mails.map(({ subject }) => subject),
  };
  const highlights: Highlights = {
    ...{ from: some(fragmentsOf(found.from, within)), recipients: some(fragmentsOf(found.recipients, within)) },
    subject: some(fragmentsOf(found.subject, within)),
    text: some(
      fragmentsOf(
        mails.map(({ text }) => text),
        whole,
      ),
    ),
  };
  return Object.values(highlights).some((fragments) => fragments !== undefined) ? highlights : undefined;
}

/** Find words in folded text: as whole words, and as whole words or parts of them. */
function findersOf(words: readonly string[]): { readonly whole: RegExp; readonly within: RegExp } {
  const whole = words.map(wholePattern);
  return {
    whole: new RegExp(whole.join('|'), 'gv'),
    within: new RegExp([...words.map((word) => escaped(folded(word))), ...whole].join('|'), 'gv'),
  };
}

/** The tokens of a word one behind the other, and no letter beside them. */
function wholePattern(word: string): string {
  const tokens = tokensOf(word);
  const [first = '', last = ''] = [tokens[0], tokens.at(-1)];
  const body = tokens.map((token) => escaped(token)).join(`${BETWEEN_WORDS}{0,${GAP_CHARACTERS_MAX}}`);
  return `${isUnspaced(first) ? '' : `(?<!${SPACED})`}${body}${isUnspaced(last) ? '' : `(?!${SPACED})`}`;
}

/** A part of a text: the place of its first character, and that behind its last. */
type Range = readonly [start: number, end: number];

/** Fragments of texts in which something was found, the first ones; of each at most as many as there may be of all. */
function fragmentsOf(texts: readonly string[], pattern: RegExp): readonly string[] {
  const found: string[] = [];
  for (const text of texts)
    if (found.length < FRAGMENTS_MAX) found.push(...fragmentsIn(text, pattern, FRAGMENTS_MAX - found.length));
  return [...new Set(found)];
}

function fragmentsIn(text: string, pattern: RegExp, max: number): readonly string[] {
  const fragments: string[] = [];
  let ranges: Range[] = [];
  let [from, to] = [0, 0];
  const close = () => {
    if (ranges.length > 0) fragments.push(marked(text, [from, to], ranges));
    ranges = [];
  };
  for (const [start, end] of rangesIn(text, pattern)) {
    if (ranges.length > 0 && end <= to) ranges.push([start, end]);
    else {
      close();
      if (fragments.length === max) return fragments;
      from = beginningOf(text, Math.max(to, start - BEFORE_CHARACTERS), start);
      to = whole(text, from + FRAGMENT_CHARACTERS_MAX);
      ranges.push([start, Math.min(end, to)]);
    }
  }
  close();
  return fragments;
}

/** Everything that is found, in order, none of it overlapping. */
function* rangesIn(text: string, pattern: RegExp): Generator<Range, void> {
  let past = 0;
  for (let at = 0; at < text.length; at += PIECE_CHARACTERS) {
    // What stands in front of the piece says whether it begins within a word.
    const begin = Math.max(0, at - 1);
    const { text: piece, places } = foldedPiece(text.slice(begin, at + PIECE_CHARACTERS + OVERLAP_CHARACTERS));
    for (const { index, 0: found } of piece.matchAll(pattern)) {
      const [start, end] = [begin + placeOf(places, index), begin + placeOf(places, index + found.length)];
      if (start < Math.max(past, at) || start >= at + PIECE_CHARACTERS || end <= start) continue;
      past = end;
      yield [start, end];
    }
  }
}

/** The text folded, and for each of its characters where that began; no places: at the same ones. */
function foldedPiece(text: string): { readonly text: string; readonly places?: readonly number[] } {
  if (/^[\0-\x7f]*$/.test(text)) return { text: text.toLowerCase() };
  const places: number[] = [];
  let piece = '';
  let at = 0;
  for (const character of text) {
    const plain = folded(character);
    piece += plain;
    for (let unit = 0; unit < plain.length; unit += 1) places.push(at);
    at += character.length;
  }
  return { text: piece, places: [...places, at] };
}

function placeOf(places: readonly number[] | undefined, at: number): number {
  return places === undefined ? at : (places[at] ?? at);
}

/** Where a fragment begins: with a word, if one does soon. */
function beginningOf(text: string, from: number, found: number): number {
  if (from === 0) return 0;
  const space = text.slice(from, Math.min(found, from + WORD_CHARACTERS)).search(/\s/);
  return space === -1 ? whole(text, from) : from + space + 1;
}

/** A place that is not within a character. */
function whole(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff ? at - 1 : at;
}

function marked(text: string, [from, to]: Range, ranges: readonly Range[]): string {
  let shown = '';
  let at = from;
  for (const [start, end] of ranges) {
    shown += `${text.slice(at, start)}${MARK}${text.slice(start, end)}${MARK}`;
    at = end;
  }
  return (shown + text.slice(at, to)).replaceAll(/\s+/g, ' ').trim();
}

/** Finds the text itself in a pattern. */
function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

function some(fragments: readonly string[]): readonly string[] | undefined {
  return fragments.length === 0 ? undefined : fragments;
}
