/** The beginning of a text on one line: what a list of mails shows. `undefined` when there is nothing to show. */
export function previewOf(text: string): string | undefined {
  const line = text
    .slice(0, SCANNED_CHARACTERS_MAX)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line === ''
    ? undefined
    : [...line.slice(0, 2 * PREVIEW_CHARACTERS_MAX)].slice(0, PREVIEW_CHARACTERS_MAX).join('');
}

const PREVIEW_CHARACTERS_MAX = 200;
/** A preview of a text that begins with so much white space shows nothing. */
const SCANNED_CHARACTERS_MAX = 4_000;
