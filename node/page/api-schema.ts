// A JSON Schema of the document for people: what a value is, in a phrase, and its members as a list, each with what it is.
import type { ApiSchema } from './api-document.ts';
import { prose } from './api-prose.ts';
import { code } from './fragments.ts';
import { type Markup, markup } from './markup.ts';

const FORMATS: Readonly<Record<string, string>> = {
  'date-time': 'moment (ISO 8601, UTC)',
  uuid: 'UUID',
};

/** The id of the part of the page that tells of a schema with a name. */
export function schemaId(name: string): string {
  return `schema-${name}`;
}

/** What a value is: `list of Agent`. */
export function kindOf(schema: ApiSchema): Markup {
  const name = schema.$ref?.split('/').at(-1);
  if (name !== undefined) return markup`<a href="#${schemaId(name)}">${name}</a>`;
  if (schema.const !== undefined) return code(JSON.stringify(schema.const));
  if (schema.enum !== undefined)
    return markup`one of ${listed(
      schema.enum.map((one) => code(String(one))),
      ', ',
    )}`;
  if (schema.anyOf !== undefined) return listed(schema.anyOf.map(kindOf), ' or ');
  const types = [schema.type ?? 'any value'].flat();
  return listed(
    types.map((type) => kindOfType(schema, type)),
    ' or ',
  );
}

function kindOfType(schema: ApiSchema, type: string): Markup {
  const { items, additionalProperties } = schema;
  if (type === 'array') return markup`list${range(schema.minItems, schema.maxItems)} of ${kindOf(items ?? {})}`;
  if (type === 'object' && typeof additionalProperties === 'object' && schema.properties === undefined)
    return markup`object, each member ${kindOf(additionalProperties)}`;
  if (type === 'string') return textKind(schema);
  return markup`${type}${range(schema.minimum, schema.maximum)}`;
}

function textKind({ format, pattern, minLength, maxLength }: ApiSchema): Markup {
  const kind = FORMATS[format ?? ''];
  if (kind !== undefined) return markup`${kind}`;
  const bounds = range(minLength, maxLength);
  const length = bounds === '' ? '' : markup`, characters:${bounds}`;
  return markup`string${length}${pattern === undefined ? '' : markup`, fitting ${code(pattern)}`}`;
}

/** ` 1 to 10`; what no number bounds is not said. */
function range(least = 0, most: number = Number.MAX_SAFE_INTEGER): string {
  const isOpenBelow = least === 0 || least === Number.MIN_SAFE_INTEGER;
  if (most === Number.MAX_SAFE_INTEGER) return isOpenBelow ? '' : ` ≥ ${least.toLocaleString('en')}`;
  return ` ${least.toLocaleString('en')} to ${most.toLocaleString('en')}`;
}

/** The members of the object, or of the objects in it, with theirs; nothing where there are none. */
export function membersOf(schema: ApiSchema): Markup {
  const { properties, required = [], items, anyOf, additionalProperties } = schema;
  if (anyOf !== undefined) return markup`${anyOf.map(membersOf)}`;
  const free = typeof additionalProperties === 'object' ? additionalProperties : undefined;
  if (properties === undefined) return markup`${[items, free].map((inner) => (inner ? membersOf(inner) : ''))}`;
  const told = Object.entries(properties)
    .filter(([, { not }]) => not === undefined)
    .map(([name, member]) => memberOf(name, member, required.includes(name)));
  const more = free === undefined ? '' : markup`<li><em>any other</em> ${kindOf(free)}${membersOf(free)}</li>`;
  return markup`<ul class="members">${told}${more}</ul>`;
}

function memberOf(name: string, schema: ApiSchema, isRequired: boolean): Markup {
  const { description, default: usual } = schema;
  const left = usual === undefined ? 'optional' : `else ${JSON.stringify(usual)}`;
  const rest = isRequired && usual === undefined ? '' : markup` <span class="dim">(${left})</span>`;
  const more = description === undefined ? '' : markup` – ${prose(description)}`;
  return markup`<li>${code(name)} ${kindOf(schema)}${rest}${more}${membersOf(schema)}</li>`;
}

function listed(parts: readonly Markup[], between: string): Markup {
  return markup`${parts.map((part, at) => markup`${at === 0 ? '' : between}${part}`)}`;
}
