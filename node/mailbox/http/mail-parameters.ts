// The query of a list of mails or threads.
import { z } from 'zod';
import type { HiddenLabel, MailFilter, MailsQuestion } from '../stored-mail.ts';
import { exactLimitParameter, PAGE_PARAMETERS, textParameter } from './input.ts';
import { placeOf } from './page-token.ts';

const ITEMS_MAX = 20;
const ITEM_CHARACTERS_MAX = 256;

/** A list: one JSON array, or texts between commas, or the parameter again and again. */
export const listParameter = z
  .array(z.string())
  .transform((sent) => sent.flatMap((text) => listIn(text)))
  .pipe(z.array(z.string().min(1).max(ITEM_CHARACTERS_MAX)).max(ITEMS_MAX))
  .default([]);

export const timeParameter = textParameter.pipe(
  z.iso
    .datetime({ offset: true, error: 'must be a time, like 2026-11-28T09:00:00.000Z' })
    .transform((text) => Date.parse(text))
    .optional(),
);

/** Which hidden mails are shown, too. */
const INCLUDE = {
  include_spam: PAGE_PARAMETERS.ascending,
  include_blocked: PAGE_PARAMETERS.ascending,
  include_unauthenticated: PAGE_PARAMETERS.ascending,
  include_trash: PAGE_PARAMETERS.ascending,
};

const SHARED = {
  ...PAGE_PARAMETERS,
  ...INCLUDE,
  labels: listParameter,
  before: timeParameter,
  after: timeParameter,
  subject: listParameter,
};

export const messageParameters = z.strictObject({ ...SHARED, from: listParameter, to: listParameter });
export const threadParameters = z.strictObject({ ...SHARED, senders: listParameter, recipients: listParameter });

/** A page of a thread's mails is wanted whole, or not at all. */
export const threadPageParameters = z.strictObject({
  ...{ limit: exactLimitParameter, page_token: textParameter },
  ...INCLUDE,
});

type Shared = Omit<z.output<typeof messageParameters>, 'from' | 'to'>;

/** What a list's parameters ask for; `asked` is what its tokens are bound to. `list`: which list it is. */
export function mailsQuestion(
  list: readonly string[],
  { limit, page_token, ascending, labels, before, after, subject, ...shown }: Shared,
  { from, to }: Pick<MailFilter, 'from' | 'to'>,
): { readonly question: MailsQuestion; readonly asked: unknown } {
  const include = includedBy(shown);
  const filter: MailFilter = { labels, before, after, include, from, to, subject };
  const asked = [list, ascending, filter];
  const place = placeOf(page_token, asked);
  return { question: { ...filter, limit, isAscending: ascending, place }, asked };
}

/** Labels of hidden mails that a request asks for. */
export function includedBy(shown: Readonly<Record<keyof typeof INCLUDE, boolean>>): readonly HiddenLabel[] {
  return INCLUDED.flatMap(([parameter, label]) => (shown[parameter] ? [label] : []));
}

const INCLUDED: readonly (readonly [parameter: keyof typeof INCLUDE, label: HiddenLabel])[] = [
  ['include_spam', 'spam'],
  ['include_blocked', 'blocked'],
  ['include_unauthenticated', 'unauthenticated'],
  ['include_trash', 'trash'],
];

function listIn(text: string): readonly string[] {
  if (!text.startsWith('[')) return text.split(',').map((item) => item.trim());
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed.map(String) : [text];
  } catch {
    // Not JSON after all: a text that begins with a bracket.
    return [text];
  }
}
