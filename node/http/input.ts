// The door for requests: bounded bodies, JSON, schemas, path segments. What passes is typed and trusted; what does not is a
// `MeshError` that names the field.
import type { Context } from 'hono';
import type { z } from 'zod';
import { MeshError } from '../../mesh/errors.ts';
import { JsonFault, jsonPath, parseForeignJson } from '../../mesh/json/foreign-json.ts';
import { JSON_BOUNDS, type JsonBounds } from '../../mesh/json/json-shape.ts';
import { schemaSentence } from '../../mesh/json/schema-sentences.ts';

/** A client's request body. An agent with ten addresses and full metadata is about 30 KiB. */
export const REQUEST_BODY_BYTES_MAX = 256 * 1_024;

/** An agent with ten addresses has some hundred values; a thousand addresses may be validated at once. */
const REQUEST_JSON_BOUNDS: JsonBounds = { ...JSON_BOUNDS, valuesMax: 2_500 };

/** Reads the body as JSON of `schema`'s form. Throws `unsupported_media_type`, `payload_too_large`, `invalid_json`, `unknown_field` or `invalid_request`. */
export async function readJson<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  refuseOtherThanJson(c.req.header('content-type') ?? '');
  return read(await readBody(c.req.raw, REQUEST_BODY_BYTES_MAX), schema);
}

/** Reads a body all of which may be left out, as `readJson` does: no body at all says nothing. */
export async function readJsonIfAny<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.output<Schema>> {
  const body = await readBody(c.req.raw, REQUEST_BODY_BYTES_MAX);
  if (body.byteLength === 0) return validate(schema, {});
  refuseOtherThanJson(c.req.header('content-type') ?? '');
  return read(body, schema);
}

function read<Schema extends z.ZodType>(body: Uint8Array, schema: Schema): z.output<Schema> {
  return validate(schema, parseJson(decodeUtf8(body)));
}

/** `undefined` when the body is sent as it is (RFC 9110 section 8.4); nothing is unpacked here. */
export function refusedEncoding(contentEncoding: string | undefined): MeshError | undefined {
  const encoding = (contentEncoding ?? '').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return undefined;
  return new MeshError(
    'unsupported_media_type',
    `The body is packed with Content-Encoding: ${encoding.slice(0, 100)}, and this node unpacks none. Send it as it is.`,
  );
}

/** Throws `unsupported_media_type`. */
export function refuseOtherThanJson(contentType: string): void {
  if (/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType)) return;
  throw new MeshError(
    'unsupported_media_type',
    `The body must be JSON with Content-Type: application/json, not '${contentType.slice(0, 100)}'.`,
  );
}

/** The body's octets, at most `bytesMax`. Throws `payload_too_large`, without reading on. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > bytesMax) throw tooLarge(bytesMax);
  // A body of announced length is read in one go; the web stream of any other costs as much as the rest of a small request.
  if (request.headers.has('content-length')) return new Uint8Array(await request.arrayBuffer());
  return request.body ? joined(request.body, bytesMax) : new Uint8Array();
}

/** All octets in one, at most `bytesMax`. Throws `payload_too_large`, without reading on. */
export async function joined(octets: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of octets) {
    size += chunk.byteLength;
    if (size > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): MeshError {
  return new MeshError('payload_too_large', `The body is larger than ${bytesMax} octets, the most this route takes.`);
}

/** Parses JSON text; throws `invalid_json`, or `unknown_field` for a member called `__proto__`. */
export function parseJson(text: string, bounds: JsonBounds = REQUEST_JSON_BOUNDS): unknown {
  try {
    return parseForeignJson(text, bounds);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    const { message, field, cause } = error;
    if (field === undefined) throw new MeshError('invalid_json', `The body ${message}.`, { cause });
    throw new MeshError('unknown_field', `'${field}' is not a field this route knows.`, { field });
  }
}

/** Applies a schema; throws `unknown_field` or `invalid_request`, naming the first offending field by its JSON path. */
export function validate<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value, { error: schemaSentence });
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw new MeshError('invalid_request', 'The body has not the form that this route takes.');
  const path = jsonPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const field = path === '' ? String(issue.keys[0]) : `${path}.${String(issue.keys[0])}`;
    throw new MeshError('unknown_field', `'${field.slice(0, 200)}' is not a field this route knows.`, {
      field: field.slice(0, 200),
    });
  }
  throw new MeshError(
    'invalid_request',
    `${path === '' ? 'The body' : `'${path}'`} is not valid: ${issue.message}.`,
    path === '' ? {} : { field: path },
  );
}

/** One path segment, percent-decoded once. Throws `invalid_request` when it is not valid percent-encoded UTF-8. */
export function pathSegment(c: Context, name: string): string {
  const raw = c.req.path.split('/')[c.req.routePath.split('/').indexOf(`:${name}`)] ?? '';
  try {
    return decodeURIComponent(raw);
  } catch (cause) {
    throw new MeshError('invalid_request', `':${name}' in the path is not valid percent-encoded UTF-8.`, {
      field: name,
      cause,
    });
  }
}

/** Throws `invalid_json` for octets that are none. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new MeshError('invalid_json', 'The body is not valid UTF-8.', { cause });
  }
}
