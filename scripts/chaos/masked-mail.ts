// A mail of a public suite without what it says. What it is made of stays: header fields, parts, boundaries, encodings, lines and their lengths,
// everything that is malformed. Of its words only those stay that mails have which were looked through by hand; each other one becomes letters
// and figures of its length that tell nothing, the same in all of the mail, so that a boundary stays one.
import { createHash } from 'node:crypto';

/** Names and values of the make of a mail, which tell of nobody. */
const MAKE =
  /^Content-(?:Type|Transfer-Encoding|Disposition):[ \t]*[\w.+-]+(?:\/[\w.+-]+)?|charset\*?="?[\w-]+|=\?[\w-]+\?[BbQq]\?|^X-[A-Za-z0-9-]+:|=(?:3D|20|0A|0D|09|78|E9)/gim;
const WORD = /[A-Za-z]+|\d+/g;
/** An address, and what may stand for it (RFC 5737). */
const IPV4 = /\b\d{1,3}(?:\.\d{1,3}){3}\b/g;
const HOSTS = ['2', '7', '22', '27', '72', '77', '222', '227'];
const TELEPHONE = /(?<![\d:.])\+?\(?\d{1,4}\)?(?:[-. ]\(?\d{2,4}\)?){2,}(?![\d:])/g;
/** Two octets a character, between its two escapes (RFC 1468). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what begins and ends it.
const JIS = /(\x1b\$[B@])([^\x1b]*)/g;
/** Octets of one character of UTF-8, or any other that is not ASCII. */
const NOT_ASCII = /[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]/g;
const IN_ITS_PLACE = ['', '\xa4', '\xc3\xa9', '\xe3\x81\x82', '\xf0\x9f\x98\x80'];
/** An octet in quoted-printable that is a letter, a figure, or not ASCII. */
const QUOTED = /=(?:3[0-9]|[46][1-9A-F]|[57][0-9A]|[89A-F][0-9A-F])/gi;
const NAMES = /(?:[\w-]+\.)+[A-Za-z]{2,}\b/g;
/** RFC 2606, RFC 6761, and names that no zone can have. */
export const NOBODYS = /(?:^|\.)(?:example(?:\.(?:com|net|org|jp|co\.jp))?|test|invalid|localhost|xxx\.xxx)\.?$/;
const TOP_LEVEL =
  /\.(?:com|net|org|edu|gov|mil|info|biz|io|jp|uk|de|fr|ru|cn|ch|it|nl|au|br|kr|tw|us|ca|eu|pl|se|no|fi|at|be|cz|es|hu|in|dk|nz|mx|ar|za|ua|ae)$/i;
/** Letters without a space, as base64 has them: its words are none. */
const ENCODED_LINE = /^[A-Za-z0-9+/=]{40,}\r?$/gm;
const FIGURES_MAX = 4;

/** The words of mails that were looked through, in lower case: those that more than one of them has. */
export function knownWords(mails: readonly { readonly raw: string }[]): ReadonlySet<string> {
  const counts = new Map<string, number>();
  for (const { raw } of mails)
    for (const word of new Set(raw.replaceAll(ENCODED_LINE, '').toLowerCase().match(WORD) ?? []))
      counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Set([...counts].flatMap(([word, count]) => (count > 1 ? [word] : [])));
}

/** Tells whether a word of a masked mail says nothing that `known` does not. */
export function isMasked(word: string, known: ReadonlySet<string>): boolean {
  return /^(?:[xz]+|[27]+)$/i.test(word) || (known.has(word.toLowerCase()) && !isLongFigure(word));
}

/** The words of a mail, but for those of its make. */
export function wordsOf(raw: string): readonly string[] {
  return raw.split(MAKE).flatMap((piece) => piece.match(WORD) ?? []);
}

/** `salt`: what nobody knows later, so that no word can be guessed. */
export function masked(raw: string, known: ReadonlySet<string>, salt: string): string {
  const cleared = raw
    .replaceAll(JIS, (_, begin: string, text: string) => begin + text.replaceAll(/[!-~]/g, '$'))
    .replaceAll(NOT_ASCII, (character) => IN_ITS_PLACE[character.length] ?? '\xa4')
    .replaceAll(QUOTED, (octet) => (/^=[89A-F]/i.test(octet) ? '=E9' : '=78'));
  const makes = cleared.match(MAKE) ?? [];
  const pieces = cleared.split(MAKE).map((piece) => maskedPiece(piece, known, salt));
  return pieces.map((piece, at) => piece + (makes[at] ?? '')).join('');
}

function maskedPiece(piece: string, known: ReadonlySet<string>, salt: string): string {
  return piece
    .replaceAll(WORD, (word) => (known.has(word.toLowerCase()) && !isLongFigure(word) ? word : shapeOf(word, salt)))
    .replaceAll(IPV4, (address) => `192.0.2.${HOSTS[(bitsOf(address, salt)[0] ?? 0) % HOSTS.length]}`)
    .replaceAll(TELEPHONE, (number) => (number.startsWith('192.0.2.') ? number : number.replaceAll(/\d/g, '7')))
    .replaceAll(NAMES, (name) =>
      TOP_LEVEL.test(name) && !NOBODYS.test(name) ? name.replace(/[A-Za-z]+$/, 'example') : name,
    )
    .replaceAll(/@([\w-]+(?:\.[\w-]+)+)/g, (address, name: string) =>
      NOBODYS.test(name) ? address : `${address}.example`,
    );
}

const isLongFigure = (word: string) => /^\d+$/.test(word) && word.length > FIGURES_MAX;

/** Letters of the same case and figures, in the place of those of a word. */
function shapeOf(word: string, salt: string): string {
  const bits = bitsOf(word, salt);
  return [...word]
    .map((sign, at) => {
      const isOdd = ((bits[at % bits.length] ?? 0) & 1) === 1;
      if (/\d/.test(sign)) return isOdd ? '7' : '2';
      return sign === sign.toLowerCase() ? (isOdd ? 'x' : 'z') : isOdd ? 'X' : 'Z';
    })
    .join('');
}

function bitsOf(word: string, salt: string): Uint8Array {
  return createHash('sha256').update(`${salt} ${word}`, 'latin1').digest();
}
