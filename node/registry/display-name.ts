// What a displayName and other names that people see may be (node/http/README.md): asked by the schemas of the routes and again after
// a merge.
import { DISPLAY_NAME_CHARACTERS_MAX } from '../../mesh/limits.ts';

/** A displayName in UTF-8: the longest name that file systems take. */
const DISPLAY_NAME_BYTES_MAX = 255;

/** What is wrong with a name that people see, or `undefined`. Lengths count characters (code points), not UTF-16 units. */
export function textFault(text: string, charactersMax: number): string | undefined {
  if (text.length > charactersMax && [...text].length > charactersMax)
    return `must have at most ${charactersMax} characters`;
  if (/\p{Cc}/u.test(text)) return 'must not contain control characters';
  if (!text.isWellFormed()) return 'must be well-formed Unicode, without lone surrogates';
  return undefined;
}

/** What is wrong with a displayName. Beside a name's rules it is no path of a file: an existing consumer names folders after it. */
export function displayNameFault(text: string): string | undefined {
  if (/[/\\]/.test(text)) return "must not contain '/' or '\\'";
  if (text.startsWith('.')) return 'must not begin with a dot';
  if (Buffer.byteLength(text) > DISPLAY_NAME_BYTES_MAX)
    return `must have at most ${DISPLAY_NAME_BYTES_MAX} octets in UTF-8`;
  return textFault(text, DISPLAY_NAME_CHARACTERS_MAX);
}
