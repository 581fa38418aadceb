// Where a list goes on: the last row that was shown, bound to what was asked for, so that no token leads into another list.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MailboxError } from '../errors.ts';
import type { Listed, ListPlace } from '../list.ts';

const HASH_CHARACTERS = 12;
const place = z.tuple([z.string(), z.int(), z.int()]);

/** The place that a token names; `asked`: everything that the list depends on. Throws `validation_error`. */
export function placeOf(token: string | undefined, asked: unknown): ListPlace | undefined {
  if (token === undefined) return undefined;
  const parsed = place.safeParse(jsonIn(Buffer.from(token, 'base64url').toString('utf8')));
  if (parsed.success && parsed.data[0] === hashOf(asked)) return { atMs: parsed.data[1], row: parsed.data[2] };
  const message = 'is no token of this list: tokens are taken from next_page_token, and asked with the same filters';
  throw new MailboxError('validation_error', `'page_token' ${message}.`, {
    errors: [{ path: ['page_token'], message }],
  });
}

/** The members that every page has beside its items. */
export function pageBody(
  limit: number,
  { items, next }: Omit<Listed<unknown>, 'items'> & { readonly items: { readonly length: number } },
  asked: unknown,
) {
  const token = next && Buffer.from(JSON.stringify([hashOf(asked), next.atMs, next.row])).toString('base64url');
  return { count: items.length, limit, next_page_token: token };
}

function hashOf(asked: unknown): string {
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, HASH_CHARACTERS);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not a token of ours, as any other text that does not fit.
    return undefined;
  }
}
