// Mails and threads that are found by words.
import type { Context } from 'hono';
import { z } from 'zod';
import { MeshError } from '../../../mesh/errors.ts';
import { deniedTo } from '../http/caller.ts';
import { exactLimitParameter, onceParameter, readParameters, textParameter } from '../http/input.ts';
import { jsonWith } from '../http/made-json.ts';
import { timeParameter } from '../http/mail-parameters.ts';
import { numbersIn, tokenOf } from '../http/page-token.ts';
import type { Routes } from '../http/routes.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import { LEVELS, type Scope } from '../scope.ts';
import type { Found, SearchPlace } from '../search-question.ts';
import { wordsAsked } from '../search-text.ts';

const QUERY_CHARACTERS_MAX = 1_000;
/** Each is a search of its own. */
const WORDS_MAX = 20;
/** Milliseconds for mails to be put into the index that are not in it yet. */
const CAUGHT_UP_MS_MAX = 3_000;

const query = onceParameter
  .pipe(z.string().max(QUERY_CHARACTERS_MAX))
  .transform((text) => wordsAsked(text))
  .refine((words) => words.length > 0, 'must have a word, which is a letter or a digit at least')
  .refine((words) => words.length <= WORDS_MAX, `must have at most ${WORDS_MAX} words`);

const parameters = z.strictObject({
  q: query,
  limit: exactLimitParameter,
  page_token: textParameter,
  before: timeParameter,
  after: timeParameter,
});

export interface SearchServices {
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
}

export function searchRoutes(routes: Routes, { intake, query }: SearchServices): void {
  const search = async (c: Context, list: 'messages' | 'threads', { podId, inboxId }: Scope) => {
    const { q: words, limit, page_token, before, after } = readParameters(c, parameters);
    const scope = inboxId === undefined ? { podId } : { inboxId };
    const asked = ['search', list, inboxId ?? podId ?? null, words, before ?? null, after ?? null];
    const place = placeIn(page_token, asked);
    // Whoever has just got a mail finds it, or is told that it may be missing.
    const isWhole = !(await query.ask('isSearchBehind', null)) || (await caughtUp(intake));
    const kind = list === 'messages' ? 'searchMails' : 'searchThreads';
    const { items, next }: Found<Uint8Array> = await query.ask(kind, {
      ...{ ...scope, denied: deniedTo(c), words, before, after, limit, place },
    });
    const page = { count: items.length, limit, next_page_token: next && tokenAt(next, asked) };
    return jsonWith({ ...page, index_behind: isWhole ? undefined : true }, list, items);
  };

  routes.below(['inbox'], '/messages/search', (at) => {
    at.add('GET', '', 'message_read', (c, scope) => search(c, 'messages', scope));
  });
  routes.below(LEVELS, '/threads/search', (at) => {
    at.add('GET', '', 'message_read', (c, scope) => search(c, 'threads', scope));
  });
}

/** Whether all mails are in the index: what the intake has no time for is no reason not to show what is there. */
async function caughtUp(intake: SearchServices['intake']): Promise<boolean> {
  try {
    return await intake.ask('indexNew', null, CAUGHT_UP_MS_MAX);
  } catch (error) {
    if (error instanceof MeshError && error.code === 'overloaded') return false;
    throw error;
  }
}

function tokenAt({ top, high, low, seen, last }: SearchPlace, asked: unknown): string {
  return tokenOf([top, high, low, seen, last], asked);
}

function placeIn(token: string | undefined, asked: unknown): SearchPlace | undefined {
  const numbers = numbersIn(token, asked, 5);
  if (numbers === undefined) return undefined;
  const [top = 0, high = 0, low = 0, seen = 0, last = 0] = numbers;
  return { top, high, low, seen, last };
}
