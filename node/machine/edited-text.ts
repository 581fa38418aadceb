// The text of a file that a person wrote with some editor, on some system.

/** Without a byte order mark. Throws an Error whose message follows the file's name in a sentence. */
export function operatorText(octets: Uint8Array): string {
  const [first, second] = octets;
  // JSON, PEM and their like begin with two ASCII characters: in UTF-16 one of the first two octets is 0, or they are a mark.
  const isUtf16 = octets.length > 1 && (first === 0 || second === 0 || (first ?? 0) + (second ?? 0) === 0xff + 0xfe);
  if (isUtf16) throw new Error('is saved as UTF-16; save it as UTF-8');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(octets);
  } catch (cause) {
    throw new Error('is not UTF-8; save it as UTF-8', { cause });
  }
}
