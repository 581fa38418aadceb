// Threads, of one inbox, of a pod or of all of them: as a list that is filtered or searched, and one with what its mails say.
import type { Context } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { pathSegment } from '../../http/input.ts';
import { queryOf } from '../../page/door.ts';
import { breakable, link, pager, table } from '../../page/fragments.ts';
import type { View } from '../../page/frame.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { type Markup, markup } from '../../page/markup.ts';
import { noSuch } from '../errors.ts';
import type { Scope } from '../scope.ts';
import { wordsAsked } from '../search-text.ts';
import type { ThreadItem } from '../stored-mail.ts';
import { mailArticle, type ShownMail } from './mail-article.ts';
import { at, choices, HIDING, labelMarks, named, searchBox, sizeOf, tabs, titleOf } from './mail-fragments.ts';
import type { MailboxDoor } from './mailbox-door.ts';
import {
  cursorOf,
  inboxPath,
  pathTo,
  placeAt,
  searchCursorOf,
  searchPlaceAt,
  THREAD_ROUTE,
  threadPath,
} from './places.ts';
import { podNamed } from './pods-page.ts';
import type { MailboxPageServices } from './services.ts';

/** Mails of a thread on one page. */
const MAILS_MAX = 10;
/** Octets of one of them as JSON: the node has to parse all of it at once. */
const MAIL_BYTES_MAX = 2_097_152;
/** Each word is a search of its own. */
const WORDS_MAX = 20;

export interface ThreadsWish {
  readonly scope: Scope;
  /** The page that the list is on. */
  readonly path: string;
  readonly q: string;
  readonly label: string;
  /** `all`: what is held back, too. */
  readonly show: string;
  readonly cursor: string;
  /** What else stays of the query. */
  readonly kept?: Readonly<Record<string, string>>;
}

export function threadPages(door: MailboxDoor, services: MailboxPageServices): void {
  const path = pathTo('threads');
  door.show(path, async (c) => {
    const { pod: podId, ...asked } = queryOf(c, 'q', 'pod', 'label', 'show', 'cursor');
    const pod = podId === '' ? undefined : await podNamed(services, podId);
    const wish = { ...asked, scope: { podId: pod?.podId }, path, kept: { pod: podId } };
    const body = markup`${await tabs(services, 'threads')}
${pod === undefined ? '' : markup`<p>Of the pod ${pod.name}; <a href="${path}">those of all</a></p>`}
${await threadList(services, wish)}`;
    return { title: 'Threads', body, isLive: true };
  });
  door.show(THREAD_ROUTE, (c) => threadView(services, c));
}

/** The form to search, the filters, and one page of what is found. */
export async function threadList(services: MailboxPageServices, wish: ThreadsWish): Promise<Markup> {
  const { path, label, show, kept = {} } = wish;
  const text = wish.q.trim();
  const isAll = show === 'all';
  const { items, next } = text === '' ? await listed(services, wish) : await found(services, wish, text);
  const query = { ...kept, q: text, label, show, cursor: wish.cursor };
  const filters = choices('Which threads', path, [
    { label: 'in the inbox', query: { ...kept, label }, isChosen: !isAll },
    { label: 'and what is held back', query: { ...kept, label, show: 'all' }, isChosen: isAll },
  ]);
  const labelled =
    label === ''
      ? ''
      : markup`<p>Those with the label ${label}; <a href="${link(path, { ...kept, show })}">those with any</a></p>`;
  return markup`${searchBox({ path, label: 'Words of the text, or parts of sender, recipients or subject', text, kept })}
${text === '' ? markup`${filters}${labelled}` : markup`<p><a href="${link(path, kept)}">All threads</a></p>`}
${table({
  caption: captionOf(text, isAll),
  columns: ['Subject', 'From', 'Inbox', 'Mails', 'Last', 'Labels'].filter(
    (name) => name !== 'Inbox' || wish.scope.inboxId === undefined,
  ),
  empty: emptyOf(wish, text),
  rows: items.map((thread) => threadRow(thread, wish, services)),
})}
${pager(path, query, next)}`;
}

interface ShownThread
  extends Pick<ThreadItem, 'inboxId' | 'threadId' | 'subject' | 'senders' | 'labels' | 'messageCount'> {
  readonly lastAtMs: number;
}

interface Page {
  readonly items: readonly ShownThread[];
  readonly next: string | undefined;
}

async function listed({ query }: MailboxPageServices, wish: ThreadsWish): Promise<Page> {
  const { items, next } = await query.ask('threads', {
    ...wish.scope,
    ...{ labels: wish.label === '' ? [] : [wish.label], include: wish.show === 'all' ? HIDING : [] },
    ...{ from: [], to: [], subject: [], limit: ROWS_MAX, isAscending: false, place: placeAt(wish.cursor) },
  });
  return { items, next: cursorOf(next) };
}

/** A thread as the API answers one that is found. */
interface FoundThread {
  readonly inbox_id: string;
  readonly thread_id: string;
  readonly subject?: string;
  readonly senders: readonly string[];
  readonly labels: readonly string[];
  readonly message_count: number;
  readonly timestamp: string;
}

async function found({ query, intake }: MailboxPageServices, wish: ThreadsWish, text: string): Promise<Page> {
  const words = wordsAsked(text);
  if (words.length === 0 || words.length > WORDS_MAX)
    throw new MeshError('invalid_request', `A search has 1 to ${WORDS_MAX} words, each with a letter or a digit.`);
  // Whoever has just got a mail finds it.
  if (await query.ask('isSearchBehind', null)) await intake.ask('indexNew', null);
  const place = searchPlaceAt(wish.cursor);
  const { items, next } = await query.ask('searchThreads', { ...wish.scope, words, limit: ROWS_MAX, place });
  const threads = items.map((octets) => JSON.parse(Buffer.from(octets).toString()) as FoundThread);
  return {
    items: threads.map((thread) => ({
      ...{ inboxId: thread.inbox_id, threadId: thread.thread_id, subject: thread.subject, senders: thread.senders },
      ...{ labels: thread.labels, messageCount: thread.message_count, lastAtMs: Date.parse(thread.timestamp) },
    })),
    next: searchCursorOf(next),
  };
}

function threadRow(thread: ShownThread, { scope, path }: ThreadsWish, services: MailboxPageServices) {
  const { inboxId, threadId, subject, senders, messageCount, lastAtMs, labels } = thread;
  const inbox = scope.inboxId === undefined ? [markup`<a href="${inboxPath(inboxId)}">${breakable(inboxId)}</a>`] : [];
  return [
    markup`<a href="${threadPath(inboxId, threadId)}">${breakable(titleOf(subject))}</a>`,
    ...[named(senders) || '–', ...inbox, messageCount, at(lastAtMs, services), labelMarks(labels, path)],
  ];
}

async function threadView(services: MailboxPageServices, c: Context): Promise<View> {
  const { query, inboxes } = services;
  const { cursor } = queryOf(c, 'cursor');
  const { inboxId } = await inboxes.get(pathSegment(c, 'inbox'));
  const threadId = pathSegment(c, 'thread');
  const shown = { include: HIDING, limit: MAILS_MAX, place: placeAt(cursor) };
  const thread = await query.ask('shownThread', { inboxId, threadId, ...shown });
  if (thread === undefined) throw noSuch('thread');
  const { items, next } = thread.mails;
  const path = threadPath(inboxId, threadId);
  const body = markup`${await tabs(services, 'threads')}
<p><a href="${inboxPath(inboxId)}">${inboxId}</a></p>
${items.map((octets) => articleOf(octets, inboxId, services))}
${pager(path, { cursor }, cursorOf(next))}`;
  return { title: titleOf(thread.thread.subject), body };
}

/** `octets`: JSON, as the API answers a mail. */
function articleOf(octets: Uint8Array, inboxId: string, services: MailboxPageServices): Markup {
  if (octets.byteLength > MAIL_BYTES_MAX)
    return markup`<p class="empty">A mail of ${sizeOf(octets.byteLength)} is too long to be shown here; its program reads it at /v0.</p>`;
  const mail = JSON.parse(Buffer.from(octets).toString()) as ShownMail;
  return mailArticle(mail, { inboxId, services });
}

function captionOf(text: string, isAll: boolean): string {
  if (text !== '') return `Those with “${text.slice(0, 100)}”, the best first; what is held back is not among them`;
  return isAll
    ? 'Those with spam, with mail that nobody answers for, and in the trash are among them; the last one comes first'
    : 'The one that was written in last comes first';
}

function emptyOf({ label, show, scope }: ThreadsWish, text: string): string {
  if (text !== '') return 'No mail has all of these words.';
  if (label !== '') return 'No thread has that label.';
  if (show === 'all') return 'No mail has come.';
  return `No mail lies in ${scope.inboxId === undefined ? 'any' : 'this'} inbox; some may be held back.`;
}
