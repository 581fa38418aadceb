// `cursor` and `limit` in the query of a route that answers in pages.
import type { Context } from 'hono';
import { z } from 'zod';
import { validate } from './input.ts';
import { decodeQuery, readQuery, wholeNumber } from './query.ts';

const PAGE_ENTRIES_MAX = 200;
const PAGE_ENTRIES = 100;
const page = z.object({
  cursor: z.string().max(1_024).optional(),
  limit: wholeNumber({ min: 1, max: PAGE_ENTRIES_MAX }).default(PAGE_ENTRIES),
});

/** Throws `invalid_request`, naming the field. */
export function readPage(c: Context): z.output<typeof page> {
  const raw = readQuery(c.req.url, ['cursor', 'limit']);
  return validate(page, Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decodeQuery(value)])));
}
