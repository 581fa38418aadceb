// `cursor` and `limit` in the query of a route that answers in pages.
import type { Context } from 'hono';
import { z } from 'zod';
import { validate } from './input.ts';
import { decodeQuery, readQuery, wholeNumber } from './query.ts';

const PAGE_ENTRIES_MAX = 200;
const PAGE_ENTRIES = 100;

interface Page {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** The page that is asked for. `entries`, `entriesMax`: how many without a `limit`, and at most. Throws `invalid_request`, naming the field. */
export function readPage(c: Context, { entries = PAGE_ENTRIES, entriesMax = PAGE_ENTRIES_MAX } = {}): Page {
  const raw = readQuery(c.req.url, ['cursor', 'limit']);
  const page = z.object({
    cursor: z.string().max(1_024).optional(),
    limit: wholeNumber({ min: 1, max: entriesMax }).default(entries),
  });
  return validate(page, Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decodeQuery(value)])));
}
