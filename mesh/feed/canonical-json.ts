// One text for one JSON value, as RFC 8785 (JCS) has it: members in the order of their names' UTF-16 units, no space, numbers and strings
// as ECMAScript writes them. Unlike the RFC, a lone surrogate is no error but is written as its escape, for hashing what a store already
// holds must not fail.

/** Members that are `undefined` are left out, as `JSON.stringify` does. */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members).filter((name) => members[name] !== undefined);
  return `{${names
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`)
    .join(',')}}`;
}
