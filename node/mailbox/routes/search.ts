// Mails and threads that are found by words.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { callerOf } from '../http/caller.ts';
import { exactLimitParameter, readParameters, textParameter } from '../http/input.ts';
import { jsonWith } from '../http/made-json.ts';
import { timeParameter } from '../http/mail-parameters.ts';
import { numbersIn, tokenOf } from '../http/page-token.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions, QueryQuestions } from '../questions.ts';
import type { Found, SearchPlace } from '../search-question.ts';
import { wordsAsked } from '../search-text.ts';

const QUERY_CHARACTERS_MAX = 1_000;
/** Each is a search of its own. */
const WORDS_MAX = 20;

const query = z
  .array(z.string())
  .length(1, 'is sent more than once')
  .transform(([text = '']) => text)
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
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly intake: Asks<IntakeQuestions>;
  readonly query: Asks<QueryQuestions>;
}

export function searchRoutes(app: Hono, { inboxes, intake, query }: SearchServices): void {
  const search = async (c: Context, list: 'messages' | 'threads', inboxId: string | undefined) => {
    const { q: words, limit, page_token, before, after } = readParameters(c, parameters);
    const asked = ['search', list, inboxId ?? null, words, before ?? null, after ?? null];
    const place = placeIn(page_token, asked);
    // Whoever has just got a mail finds it.
    if (await query.ask('isSearchBehind', null)) await intake.ask('indexNew', null);
    const kind = list === 'messages' ? 'searchMails' : 'searchThreads';
    const { items, next }: Found<Uint8Array> = await query.ask(kind, { words, inboxId, before, after, limit, place });
    return jsonWith({ count: items.length, limit, next_page_token: next && tokenAt(next, asked) }, list, items);
  };
  const inboxOf = async (c: Context) => (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId;

  app.get('/v0/inboxes/:inbox_id/messages/search', async (c) => search(c, 'messages', await inboxOf(c)));
  app.get('/v0/inboxes/:inbox_id/threads/search', async (c) => search(c, 'threads', await inboxOf(c)));
  app.get('/v0/threads/search', (c) => search(c, 'threads', callerOf(c).inboxId));
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
