// Where a list goes on: the last row that was shown, bound to what was asked for, so that no token leads into another list.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { MailboxError } from '../errors.ts';
import type { Listed, ListPlace } from '../list.ts';

const HASH_CHARACTERS = 12;
const placed = z.tuple([z.string()], z.int());

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
  const message = 'is no token of this list: tokens are taken from next_page_token, and asked with the same filters';
  throw new MailboxError('validation_error', `'page_token' ${message}.`, {
    errors: [{ path: ['page_token'], message }],
  });
}

/** A token that names a place of these numbers in the list of what was asked for. */
export function tokenOf(numbers: readonly number[], asked: unknown): string {
  return Buffer.from(JSON.stringify([hashOf(asked), ...numbers])).toString('base64url');
}

/** The members that every page has beside its items. */
export function pageBody(
  limit: number,
  { items, next }: Omit<Listed<unknown>, 'items'> & { readonly items: { readonly length: number } },
  asked: unknown,
) {
  return { count: items.length, limit, next_page_token: next && tokenOf([next.atMs, next.row], asked) };
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
