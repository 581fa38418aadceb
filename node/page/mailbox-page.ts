// The inboxes of this host, where it keeps any, as people read them: what lies in one, and what a mail says. That is shown as text alone.
import type { Context } from 'hono';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { pathSegment } from '../http/input.ts';
import type { Inbox } from '../mailbox/inbox.ts';
import type { ListPlace } from '../mailbox/list.ts';
import type { Asks, QueryQuestions } from '../mailbox/questions.ts';
import type { HiddenLabel, ThreadItem } from '../mailbox/stored-mail.ts';
import { type Asked, reading } from './asker.ts';
import { type PageDoor, queryOf } from './door.ts';
import { breakable, facts, link, mark, moment, pager, table } from './fragments.ts';
import type { View } from './frame.ts';
import { ROWS_MAX } from './limits.ts';
import { type Markup, markup, trusted } from './markup.ts';

/** What the page asks of the mailbox: only what reads. */
export interface ReadMailbox extends Asks<Pick<QueryQuestions, 'inbox' | 'inboxes' | 'threads' | 'shownThread'>> {
  /** Why an inbox neither gets mail nor sends any; `undefined`: it does. */
  readonly faultOf: (inboxId: string) => Promise<{ readonly why: string; readonly fix: string } | undefined>;
}

export interface MailboxPageServices {
  readonly mailbox: ReadMailbox;
  readonly clock: Pick<Clock, 'wallMs'>;
  /** Absent: the agent is there no more. */
  readonly agentName: (id: string) => string | undefined;
}

const PATH = '/page/mailbox';
const HELD_BACK: readonly HiddenLabel[] = ['spam', 'blocked', 'unauthenticated', 'trash'];
/** Mails of a thread on one page, and how long one may be: a browser has to take all of it at once. */
const MAILS_MAX = 10;
const MAIL_BYTES_MAX = 262_144;
const LABELS_SHOWN_MAX = 10;
const NAMES_SHOWN_MAX = 3;
const KIB = 1_024;

/** What the page reads of a mail as the API answers it. */
interface ShownMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly labels: readonly string[];
  readonly authentication_results?: Readonly<Record<string, string>>;
  readonly attachments?: readonly {
    readonly filename?: string;
    readonly content_type?: string;
    readonly size: number;
  }[];
  readonly text?: string;
  readonly hidden_text?: true;
  readonly message_id: string;
}

export function mailboxPages(door: PageDoor, services: MailboxPageServices): void {
  const needs = (c: Context): Asked =>
    reading('mailbox', 'inboxes', ...['inbox', 'thread'].flatMap((name) => c.req.param(name) ?? []));
  const section = 'mailbox';
  door.show(PATH, { section, needs, view: (c) => inboxesView(services, queryOf(c, 'cursor')) });
  door.show(`${PATH}/:inbox`, {
    section,
    needs,
    view: (c) => inboxView(services, pathSegment(c, 'inbox'), queryOf(c, 'show', 'cursor')),
  });
  door.show(`${PATH}/:inbox/:thread`, {
    section,
    needs,
    view: (c) =>
      threadView(
        services,
        { inboxId: pathSegment(c, 'inbox'), threadId: pathSegment(c, 'thread') },
        queryOf(c, 'cursor'),
      ),
  });
}

async function inboxesView(services: MailboxPageServices, { cursor }: Record<'cursor', string>): Promise<View> {
  const { mailbox, clock } = services;
  const { items, next } = await mailbox.ask('inboxes', { limit: ROWS_MAX, isAscending: false, after: placeAt(cursor) });
  const faults = await Promise.all(items.map(({ inboxId }) => mailbox.faultOf(inboxId)));
  const body = markup`${table({
    caption: 'The inboxes of this host, the newest first',
    columns: ['Inbox', 'For', 'Agent', 'Mail', 'Since'],
    empty: 'This host keeps no inbox yet. A program makes one by POST /v0/inboxes.',
    rows: items.map(({ inboxId, displayName, agentId, usedBytes, createdAtMs }, position) => [
      markup`<a href="${pathOf(inboxId)}">${breakable(inboxId)}</a>${faults[position] === undefined ? '' : markup` ${mark('bad', 'no mail')}`}`,
      displayName ?? '–',
      agentId === undefined ? '–' : agentLink(agentId, services),
      sizeOf(usedBytes),
      at(createdAtMs, clock),
    ]),
  })}
${pager(PATH, { cursor }, cursorOf(next))}`;
  return { title: 'Mailbox', body, isLive: true };
}

async function inboxView(
  services: MailboxPageServices,
  id: string,
  { show, cursor }: Record<'show' | 'cursor', string>,
): Promise<View> {
  const { mailbox, clock } = services;
  const inbox = await mailbox.ask('inbox', id);
  if (inbox === undefined || inbox.state !== 'active')
    throw new MeshError('not_found', `This host has no inbox '${id.slice(0, 100)}'.`);
  const isAll = show === 'all';
  const { items, next } = await mailbox.ask('threads', {
    ...{ inboxId: inbox.inboxId, labels: [], include: isAll ? HELD_BACK : [], from: [], to: [], subject: [] },
    ...{ limit: ROWS_MAX, isAscending: false, place: placeAt(cursor) },
  });
  const path = pathOf(inbox.inboxId);
  const body = markup`${aboutInbox(inbox, await mailbox.faultOf(inbox.inboxId), services)}
<h2>Threads</h2>
${choice(path, isAll)}
${table({
  caption: isAll
    ? 'Those with spam, with mail that nobody answers for, and in the trash are among them; the last one comes first'
    : 'The one that was written in last comes first',
  columns: ['Subject', 'From', 'Mails', 'Last', 'Labels'],
  empty: isAll ? 'No mail has come.' : 'No mail lies in this inbox; some may be held back.',
  rows: items.map((thread) => threadRow(thread, clock)),
})}
${pager(path, { show, cursor }, cursorOf(next))}`;
  return { title: inbox.inboxId, body, isLive: true };
}

function aboutInbox(
  { displayName, agentId, usedBytes, createdAtMs }: Inbox,
  fault: Awaited<ReturnType<ReadMailbox['faultOf']>>,
  services: MailboxPageServices,
): Markup {
  return facts([
    ['For', displayName],
    ['Agent', agentId && agentLink(agentId, services)],
    ['Mail', sizeOf(usedBytes)],
    ['Since', at(createdAtMs, services.clock)],
    ['Gets no mail', fault && `${fault.why}. ${fault.fix}`],
  ]);
}

/** By its name, as everywhere; by its id when it is gone. */
function agentLink(id: string, { agentName }: Pick<MailboxPageServices, 'agentName'>): Markup {
  return markup`<a href="/page/agents/${encodeURIComponent(id)}">${agentName(id) ?? id}</a>`;
}

function choice(path: string, isAll: boolean): Markup {
  const item = (show: string, isAsked: boolean, label: string) =>
    markup`<li><a href="${link(path, { show })}"${isAsked ? trusted(' aria-current="true"') : ''}>${label}</a></li>`;
  return markup`<nav aria-label="Which threads" class="filter"><ul>${item('', !isAll, 'in the inbox')}${item('all', isAll, 'and what is held back')}</ul></nav>`;
}

function threadRow(thread: ThreadItem, clock: MailboxPageServices['clock']): readonly (Markup | string | number)[] {
  const { inboxId, threadId, subject, senders, messageCount, lastAtMs, labels } = thread;
  return [
    markup`<a href="${pathOf(inboxId, threadId)}">${titleOf(subject)}</a>`,
    named(senders),
    messageCount,
    at(lastAtMs, clock),
    labelMarks(labels),
  ];
}

async function threadView(
  { mailbox, clock }: MailboxPageServices,
  asked: { readonly inboxId: string; readonly threadId: string },
  { cursor }: Record<'cursor', string>,
): Promise<View> {
  const found = await mailbox.ask('shownThread', {
    ...asked,
    include: HELD_BACK,
    limit: MAILS_MAX,
    place: placeAt(cursor),
  });
  if (found === undefined)
    throw new MeshError('not_found', `That inbox has no thread '${asked.threadId.slice(0, 100)}'.`);
  const { thread, mails } = found;
  const path = pathOf(thread.inboxId, thread.threadId);
  const body = markup`<p><a href="${pathOf(thread.inboxId)}">${thread.inboxId}</a></p>
${mails.items.map((mail) => mailMarkup(mail, clock))}
${pager(path, { cursor }, cursorOf(mails.next))}`;
  return { title: titleOf(thread.subject), body };
}

/** `octets`: JSON, as the API answers a mail. */
function mailMarkup(octets: Uint8Array, clock: MailboxPageServices['clock']): Markup {
  if (octets.byteLength > MAIL_BYTES_MAX)
    return markup`<p class="empty">A mail of ${sizeOf(octets.byteLength)} is too long to be shown here; its program reads it at /v0.</p>`;
  const mail = JSON.parse(Buffer.from(octets).toString()) as ShownMail;
  const { from, text = '' } = mail;
  return markup`<article class="mail" aria-label="Mail of ${from}">
<h2>${from === '' ? '(no sender)' : from}</h2>
${aboutMail(mail, clock)}
${mail.hidden_text === true ? markup`<p class="dim">It hides a text from who reads it, which is left out here.</p>` : ''}
${text.trim() === '' ? markup`<p class="empty">It has no text.</p>` : markup`<pre tabindex="0" aria-label="Text of the mail">${text}</pre>`}
</article>`;
}

function aboutMail(mail: ShownMail, clock: MailboxPageServices['clock']): Markup {
  const proof = Object.entries(mail.authentication_results ?? {}).map(([method, result]) => `${method} ${result}`);
  const attachments = (mail.attachments ?? []).map(
    ({ filename, content_type: kind, size }) =>
      `${filename ?? 'without a name'} (${kind ?? 'of no kind'}, ${sizeOf(size)})`,
  );
  return facts([
    ['To', named(mail.to)],
    ['Copy to', named(mail.cc ?? [])],
    ['Came', moment(mail.timestamp, clock.wallMs())],
    ['Labels', labelMarks(mail.labels)],
    ['Who answers for its sender', proof.join(', ')],
    ['Attachments', attachments.join('\n')],
    ['Message-ID', mail.message_id],
  ]);
}

function labelMarks(labels: readonly string[]): Markup {
  const shown = labels.slice(0, LABELS_SHOWN_MAX).map((label, position) => {
    const isHeldBack = HELD_BACK.some((one) => one === label);
    return markup`${position === 0 ? '' : ', '}${isHeldBack ? mark('wait', label) : label}`;
  });
  return markup`${shown}${labels.length > LABELS_SHOWN_MAX ? ', …' : ''}`;
}

function named(people: readonly string[]): string {
  const more = people.length - NAMES_SHOWN_MAX;
  return `${people.slice(0, NAMES_SHOWN_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function titleOf(subject: string | undefined): string {
  return subject === undefined || subject.trim() === '' ? '(no subject)' : subject;
}

function sizeOf(bytes: number): string {
  if (bytes < KIB) return `${bytes} B`;
  return bytes < KIB * KIB ? `${Math.round(bytes / KIB)} KiB` : `${(bytes / KIB / KIB).toFixed(1)} MiB`;
}

function at(ms: number, clock: MailboxPageServices['clock']): Markup {
  return moment(new Date(ms).toISOString(), clock.wallMs());
}

function pathOf(...segments: readonly string[]): string {
  return [PATH, ...segments.map(encodeURIComponent)].join('/');
}

/** `cursor`: as `cursorOf` wrote it; anything else is the beginning. */
function placeAt(cursor: string): ListPlace | undefined {
  const [, atMs, row] = /^(\d{1,15})\.(\d{1,15})$/.exec(cursor) ?? [];
  return atMs === undefined ? undefined : { atMs: Number(atMs), row: Number(row) };
}

function cursorOf(place: ListPlace | undefined): string | undefined {
  return place && `${place.atMs}.${place.row}`;
}
