// How the local part of an address is folded into the key under which it is unique: code point by code point, upper then lower, so ß and ss,
// ſ and s, σ and ς are one (Unicode's full case folding, nearly). It knows nothing of languages.
import { isAscii } from './characters.ts';

/** The folded form of a text that is in lower case and NFC. Each code point alone, for Σ at the end of a word has another lower case. */
export function foldCase(text: string): string {
  if (isAscii(text)) return text;
  let folded = '';
  for (const character of text) folded += character.toUpperCase().toLowerCase();
  return folded.normalize('NFC');
}
