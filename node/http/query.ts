// The query string of a request, read by hand: `URLSearchParams` would cost more than a local look-up does, hides that a field
// was sent twice, and turns the `+` of an address into a space.
import { z } from 'zod';
import { MeshError } from '../../mesh/errors.ts';

/**
 * The values of the fields in `names`, still percent-encoded; other fields are ignored. A field without `=` is empty.
 * Throws `invalid_request`, naming the field, when one of them was sent more than once, or is not percent-encoded UTF-8.
 */
export function readQuery<Name extends string>(url: string, names: readonly Name[]): Partial<Record<Name, string>> {
  const values: Partial<Record<Name, string>> = {};
  const start = url.indexOf('?');
  if (start === -1) return values;
  for (const pair of url.slice(start + 1).split('&')) {
    const equals = pair.indexOf('=');
    const sent = decodeQuery(equals === -1 ? pair : pair.slice(0, equals));
    const name = names.find((known) => known === sent);
    if (name === undefined) continue;
    if (values[name] !== undefined) {
      throw new MeshError('invalid_request', `'${name}' is in the query more than once; send it once.`, {
        field: name,
      });
    }
    const value = equals === -1 ? '' : pair.slice(equals + 1);
    refuseUndecodable(name, value);
    values[name] = value;
  }
  return values;
}

function refuseUndecodable(name: string, value: string): void {
  if (!value.includes('%')) return;
  try {
    decodeURIComponent(value);
  } catch (cause) {
    const message = `'${name}' in the query is not valid percent-encoded UTF-8; a percent sign itself is written %25.`;
    throw new MeshError('invalid_request', message, { field: name, cause });
  }
}

/** A value with `+` as the space that a form would mean by it. */
export function decodeQuery(raw: string): string {
  return decodePercents(raw.includes('+') ? raw.replaceAll('+', ' ') : raw);
}

/** A value percent-decoded once, `+` kept; as it is when it is not valid percent-encoded UTF-8, which `readQuery` refuses. */
export function decodePercents(raw: string): string {
  // Most of what is sent is an address with its `@` encoded, and no more.
  const plain = raw.replaceAll('%40', '@');
  if (!plain.includes('%')) return plain;
  try {
    return decodeURIComponent(raw);
  } catch {
    // A name of a field that is none of ours, or a value that is refused when it is read.
    return raw;
  }
}

/** A number in a query, once decoded: decimal digits and nothing else, for `Number` reads a blank as 0 and `0x10` as 16. */
export function wholeNumber({ min = 0, max }: { readonly min?: number; readonly max: number }) {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number, in digits')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({
      override: ({ jsonSchema }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum: min, maximum: max });
      },
    });
}
