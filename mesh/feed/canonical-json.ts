// One text for one JSON value, as RFC 8785 (JCS) has it: members in the order of their names' UTF-16 units, no space, numbers and strings
// as ECMAScript writes them. Unlike the RFC, a lone surrogate is no error but is written as its escape, for hashing what a store already
// holds must not fail. Each entry of each log is written so on every host that follows it, so nothing is made here but the text.

/**
 * Members that are `undefined` are left out, as `JSON.stringify` does. Where all members stand in the order of their names, that writes the same,
 * in a fraction of the time and in one piece: so what this host tells is made in that order.
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value) ? JSON.stringify(value) : inOrder(value);
}

function isInOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every((item) => isInOrder(item));
  const members = value as Readonly<Record<string, unknown>>;
  let before = '';
  for (const name in members) {
    if (name < before || !isInOrder(members[name])) return false;
    before = name;
  }
  return true;
}

function inOrder(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return ofArray(value);
  const members = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const name of Object.keys(members).sort()) {
    const member = members[name];
    if (member !== undefined) text += `${text === '' ? '' : ','}${quoted(name)}:${inOrder(member)}`;
  }
  return `{${text}}`;
}

function ofArray(items: readonly unknown[]): string {
  let text = '';
  for (const item of items) text += `${text === '' ? '' : ','}${inOrder(item)}`;
  return `[${text}]`;
}

/** Printable ASCII without `"` and `\`: it is written as it is, and most text here is such. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}
