// One text for one JSON value, as RFC 8785 (JCS) has it: members in the order of their names' UTF-16 units, no space, numbers and strings
// as ECMAScript writes them. Unlike the RFC, a lone surrogate is no error but is written as its escape, for hashing what a store already
// holds must not fail. Each entry of each log is written so on every host that follows it, so nothing is made here but the text.

/** Members that are `undefined` are left out, as `JSON.stringify` does. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return ofArray(value);
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

function ofArray(items: readonly unknown[]): string {
  let text = '';
  for (const item of items) text += `${text === '' ? '' : ','}${canonicalJson(item)}`;
  return `[${text}]`;
}

/** Printable ASCII without `"` and `\`: it is written as it is, and most text here is such. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
