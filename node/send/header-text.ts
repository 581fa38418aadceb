// Text that must stay on one line of a message or of a dialogue with a server: what could end the line, or be taken for its end,
// is refused, never mended. Mail programs differ in what they take for a line break, so every candidate is refused.
import { MeshError } from '../../mesh/errors.ts';

/** C0 and C1 controls, DEL, line and paragraph separators (NEL, U+0085, is a C1), and halves of surrogate pairs. */
const BREAKING = /[\p{Cc}\u2028\u2029]|\p{Cs}/u;

/** Throws `invalid_request` naming the field. */
export function refuseLineBreaks(text: string, field: string): void {
  const found = BREAKING.exec(text)?.[0];
  if (found === undefined) return;
  const code = (found.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  throw new MeshError(
    'invalid_request',
    `'${field}' must be one line of text without control characters; it has U+${code}.`,
    { field },
  );
}

/** A server's words as one printable line, at most 500 characters: they are shown, stored and logged. */
export function printable(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cs}\u2028\u2029]+/gu, ' ')
    .trim()
    .slice(0, 500);
}
