// Where a list goes on: the last row that was shown, bound to what was asked for, so that no token leads into another list.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type MailboxError, wrongField } from '../errors.ts';
import type { Listed, ListPlace } from '../list.ts';

const HASH_CHARACTERS = 12;
const placed = z.tuple([z.string()], z.int());
const named = z.tuple([z.string(), z.string()]);

/** The place that a token names; `asked`: everything that the list depends on. Throws `validation_error`. */
export function placeOf(token: string | undefined, asked: unknown): ListPlace | undefined {
  const [atMs, row] = numbersIn(token, asked, 2) ?? [];
  return atMs === undefined || row === undefined ? undefined : { atMs, row };
}

/** The numbers that a token was made of. Throws `validation_error`. */
export function numbersIn(token: string | undefined, asked: unknown, count: number): readonly number[] | undefined {
  if (token === undefined) return undefined;
  const parsed = placed.safeParse(jsonIn(Buffer.from(token, 'base64url').toString('utf8')));
  const [hash, ...numbers] = parsed.success ? parsed.data : [''];
  if (hash === hashOf(asked) && numbers.length === count) return numbers;
  throw noToken();
}

/** The name behind which a list in the order of names goes on. Throws `validation_error`. */
export function nameOf(token: string | undefined, asked: unknown): string | undefined {
  if (token === undefined) return undefined;
  const parsed = named.safeParse(jsonIn(Buffer.from(token, 'base64url').toString('utf8')));
  if (parsed.success && parsed.data[0] === hashOf(asked)) return parsed.data[1];
  throw noToken();
}

function noToken(): MailboxError {
  return wrongField(
    'page_token',
    'is no token of this list: tokens are taken from next_page_token, and asked with the same filters',
  );
}

/** A token that names a place of these numbers, or this name, in the list of what was asked for. */
export function tokenOf(place: readonly (number | string)[], asked: unknown): string {
  return Buffer.from(JSON.stringify([hashOf(asked), ...place])).toString('base64url');
}

/** The members that every page has beside its items. */
export function pageBody(
  limit: number,
  { items, next }: Omit<Listed<unknown>, 'items'> & { readonly items: { readonly length: number } },
  asked: unknown,
) {
  return { count: items.length, limit, next_page_token: next && tokenOf([next.atMs, next.row], asked) };
}

/** Members of a page, as `pageBody` has them, of a list in the order of names. */
export function namesPageBody(
  limit: number,
  { items, next }: { readonly items: { readonly length: number }; readonly next?: string },
  asked: unknown,
) {
  return { count: items.length, limit, next_page_token: next && tokenOf([next], asked) };
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
