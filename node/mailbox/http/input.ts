// The door of `/v0`: bodies, queries and path segments. Everything that is wrong is told at once, each field by its path.
import type { Context } from 'hono';
import { z } from 'zod';
import { schemaSentence } from '../../../mesh/json/schema-sentences.ts';
import { decodeUtf8, parseJson, readBody } from '../../http/input.ts';
import { MailboxError } from '../errors.ts';

/** Items of one page; a longer one that is asked for is cut to this. */
const PAGE_MAX = 100;
const PAGE_DEFAULT = 50;
/** Members that nobody knows of which all is said. */
const UNKNOWN_SHOWN_MAX = 10;

/** The body in `schema`'s form; no body says nothing. `bytesMax`: octets. Throws `validation_error`. */
export async function readForm<Schema extends z.ZodType>(c: Context, schema: Schema, bytesMax: number) {
  const body = await readBody(c.req.raw, bytesMax);
  const json = body.byteLength === 0 ? {} : parseJson(decodeUtf8(body));
  return checked(schema, json, 'body');
}

/** The query in `schema`'s form; its members are lists of texts. One that is misspelt must not be answered with everything. Throws `validation_error`. */
export function readParameters<Schema extends z.ZodType>(c: Context, schema: Schema): z.output<Schema> {
  const { searchParams } = new URL(c.req.url);
  const names = [...new Set(searchParams.keys())];
  return checked(schema, Object.fromEntries(names.map((name) => [name, searchParams.getAll(name)])), 'query');
}

/** What has been read, in `schema`'s form. `what`: the body, or the query. Throws `validation_error`. */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value, { error: schemaSentence });
  if (result.success) return result.data;
  const errors = result.error.issues.flatMap((issue) => {
    const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    const known = path.length === 0 && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const message = known.length === 0 ? 'is not known here' : `is not known here, but ${known.join(', ')}`;
    return issue.keys.slice(0, UNKNOWN_SHOWN_MAX).map((key) => ({ path: [...path, key.slice(0, 100)], message }));
  });
  const sentences = errors.map(
    ({ path, message }) => `${path.length === 0 ? `The ${what}` : `'${path.join('.')}'`} ${message}`,
  );
  throw new MailboxError('validation_error', `${sentences.join('; ')}.`, { errors });
}

/** A parameter that is sent once. */
export const onceParameter = z
  .array(z.string(), {
    error: ({ input }) => (input === undefined ? 'must be a text, and is missing' : undefined),
  })
  .length(1, 'is sent more than once')
  .transform(([text = '']) => text);

export const textParameter = onceParameter.pipe(z.string().max(2_000)).optional();

/** A parameter that is `true` or `false`; absent: false. */
const switchParameter = onceParameter
  .pipe(z.enum(['true', 'false']))
  .transform((text) => text === 'true')
  .default(false);

/** How many items a page may have; more than `PAGE_MAX` is refused. */
export const exactLimitParameter = onceParameter
  .pipe(z.string().regex(/^\d{1,3}$/, `must be a whole number from 1 to ${PAGE_MAX}`))
  .transform(Number)
  .pipe(z.number().min(1).max(PAGE_MAX))
  .default(PAGE_DEFAULT);

/** How many items a page may have; more than `PAGE_MAX` is cut to that. */
const limitParameter = onceParameter
  .pipe(z.string().regex(/^[1-9]\d{0,8}$/, 'must be a whole number above 0'))
  .transform((text) => Math.min(Number(text), PAGE_MAX))
  .default(PAGE_DEFAULT);

/** Members of every list. */
export const PAGE_PARAMETERS = { limit: limitParameter, page_token: textParameter, ascending: switchParameter };
