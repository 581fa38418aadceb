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

/** How many entries a page has without a `limit`, and at most. */
interface PageSizes {
  readonly entries?: number;
  readonly entriesMax?: number;
}

/** The schema of a page's query, for the document; the defaults are those of `readPage`. */
export function pageQuery({ entries = PAGE_ENTRIES, entriesMax = PAGE_ENTRIES_MAX }: PageSizes = {}) {
  return z.object({
    cursor: z.string().max(1_024).optional(),
    limit: wholeNumber({ min: 1, max: entriesMax }).default(entries),
  });
}

/** The page that is asked for. Throws `invalid_request`, naming the field. */
export function readPage(c: Context, sizes: PageSizes = {}): Page {
  const raw = readQuery(c.req.url, ['cursor', 'limit']);
  return validate(
    pageQuery(sizes),
    Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, decodeQuery(value)])),
  );
}
