// One line of a head or of trailers (RFC 9112 §5): a field's name and value.

/**
 * A control character makes a value invalid, and a carriage return or a NUL dangerous too (RFC 9110 §5.5). Blanks around the value are cut off apart: to look for both ends at once
 * takes the square of their number.
 */
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~\w]+):([\t\x20-\x7e\x80-\xff]*)$/;

/** Name in lower case, and value; `undefined` when the line is none. */
export function parseFieldLine(line: string): readonly [name: string, value: string] | undefined {
  const [, name, value] = FIELD_LINE.exec(line) ?? [];
  return name === undefined || value === undefined ? undefined : [name.toLowerCase(), value.trim()];
}
