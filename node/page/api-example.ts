// Examples of the document: of an answer, as its schema has it, and of a question, as a line for a shell.
import type { ApiDocument, ApiOperation, ApiSchema } from './api-document.ts';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type Schemas = ApiDocument['components']['schemas'];

/** A value that fits the schema: its example, or one made of the examples and the first choices of its parts. */
export function exampleOf(schema: ApiSchema, schemas: Schemas): Json {
  const { $ref, anyOf, properties, required = [] } = schema;
  if (schema.example !== undefined) return schema.example as Json;
  if ($ref !== undefined) return exampleOf(schemas[$ref.split('/').at(-1) ?? ''] ?? {}, schemas);
  if (schema.const !== undefined) return schema.const as Json;
  if (schema.enum !== undefined) return schema.enum[0] as Json;
  if (anyOf !== undefined) return exampleOf(anyOf[0] ?? {}, schemas);
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0];
  if (type === 'array')
    return schema.items === undefined || schema.maxItems === 0 ? [] : [exampleOf(schema.items, schemas)];
  if (type === 'object')
    return Object.fromEntries(
      Object.entries(properties ?? {})
        .filter(([name]) => required.includes(name))
        .map(([name, member]) => [name, exampleOf(member, schemas)]),
    );
  if (type === 'integer' || type === 'number') return Math.max(schema.minimum ?? 0, 1);
  if (type === 'boolean') return true;
  return type === 'null' ? null : textExample(schema);
}

function textExample({ format }: ApiSchema): string {
  return format === 'date-time' ? '2026-01-27T12:00:00.000Z' : '…';
}

/** A line for a shell, which asks the node at `origin`; what only the one who asks knows is a variable. */
export function curlLine(method: string, path: string, operation: ApiOperation, origin: string): string {
  const { security, parameters = [], requestBody } = operation;
  const verb =
    method === 'get' || (method === 'post' && requestBody !== undefined) ? '' : ` -X ${method.toUpperCase()}`;
  const segments = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`);
  const query = parameters
    .filter(({ in: place, schema }) => place === 'query' && schema.example !== undefined)
    .map(({ name, schema }) => `${name}=${encodeURIComponent(String(schema.example))}`);
  const url = `"${origin}${segments}${query.length === 0 ? '' : `?${query.join('&')}`}"`;
  const isOpen = security.length === 0 || security.some(({ bearer }) => bearer === undefined);
  const shown = isOpen ? '' : ' -H "Authorization: Bearer $MESH_TOKEN"';
  return `curl -s${verb} ${url}${shown}${bodyOf(requestBody)}`;
}

function bodyOf(body: ApiOperation['requestBody']): string {
  const [type, content] = Object.entries(body?.content ?? {})[0] ?? [];
  if (type === undefined || content === undefined) return '';
  const sent =
    content.example === undefined
      ? '--data-binary @file'
      : `-d '${JSON.stringify(content.example).replaceAll("'", "'\\''")}'`;
  return ` \\\n  -H 'Content-Type: ${type}' ${sent}`;
}
