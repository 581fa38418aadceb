// The inboxes of this host: all of them, those of a pod, or those that somebody looks for; and one of them with its threads.
import { pathSegment } from '../../http/input.ts';
import { queryOf } from '../../page/door.ts';
import { breakable, facts, link, mark, pager, table } from '../../page/fragments.ts';
import type { View } from '../../page/frame.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { type Markup, markup } from '../../page/markup.ts';
import type { Inbox } from '../inbox.ts';
import { agentLink, at, counted, searchBox, sizeOf, tabs } from './mail-fragments.ts';
import type { MailboxDoor } from './mailbox-door.ts';
import { cursorOf, INBOX_ROUTE, inboxPath, PATH, pathTo, placeAt } from './places.ts';
import { podNamed } from './pods-page.ts';
import type { MailboxPageServices } from './services.ts';
import { threadList } from './threads-page.ts';

const SEARCH_CHARACTERS_MAX = 256;

export function inboxPages(door: MailboxDoor, services: MailboxPageServices): void {
  door.show(PATH, (c) => inboxesView(services, queryOf(c, 'q', 'pod', 'cursor')));
  door.show(INBOX_ROUTE, (c) =>
    inboxView(services, pathSegment(c, 'inbox'), queryOf(c, 'q', 'label', 'show', 'cursor')),
  );
}

async function inboxesView(
  services: MailboxPageServices,
  { q, pod: podId, cursor }: Record<'q' | 'pod' | 'cursor', string>,
): Promise<View> {
  const { inboxes, query, standings } = services;
  const text = q.trim().slice(0, SEARCH_CHARACTERS_MAX);
  const pod = podId === '' ? undefined : await podNamed(services, podId);
  const asked = { limit: ROWS_MAX, podId: pod?.podId };
  const { items, next } =
    text === ''
      ? await inboxes.list({ ...asked, isAscending: false, after: placeAt(cursor) })
      : await inboxes.search({ ...asked, text, place: placeAt(cursor) });
  const unread = await query.ask(
    'unreadIn',
    items.map(({ inboxId }) => inboxId),
  );
  const faults = await Promise.all(items.map((inbox) => standings.faultOf(inbox)));
  const body = markup`${await tabs(services, 'inboxes')}
${searchBox({ path: PATH, label: 'Beginning of a word of the address or the name', text, kept: { pod: podId } })}
${table({
  caption: captionOf(text, pod?.name),
  columns: ['Inbox', 'For', 'Unread', 'Agent', 'Mail', 'Since'],
  empty:
    text !== ''
      ? 'No inbox has such a word.'
      : 'This host keeps no inbox yet. A program makes one by POST /v0/inboxes.',
  rows: items.map(({ inboxId, displayName, agentId, usedBytes, createdAtMs }, position) => [
    markup`<a href="${inboxPath(inboxId)}">${breakable(inboxId)}</a>${faults[position] === undefined ? '' : markup` ${mark('bad', 'no mail')}`}`,
    displayName ?? '–',
    counted(unread[position] ?? { count: 0, isMore: false }),
    agentId === undefined ? '–' : agentLink(agentId, services),
    sizeOf(usedBytes),
    at(createdAtMs, services),
  ]),
})}
${pager(PATH, { q: text, pod: podId, cursor }, cursorOf(next))}`;
  return { title: 'Mailbox', body, isLive: true };
}

function captionOf(text: string, pod: string | undefined): string {
  const where = pod === undefined ? 'of this host' : `of the pod ${pod}`;
  return text === '' ? `The inboxes ${where}, the newest first` : `The inboxes ${where} with “${text}”`;
}

async function inboxView(
  services: MailboxPageServices,
  id: string,
  asked: Record<'q' | 'label' | 'show' | 'cursor', string>,
): Promise<View> {
  const inbox = await services.inboxes.get(id);
  const { inboxId } = inbox;
  const body = markup`${await tabs(services, 'inboxes')}
${await aboutInbox(inbox, services)}
<nav aria-label="Of this inbox" class="filter"><ul>
<li><a href="${link(pathTo('drafts'), { inbox: inboxId })}">its drafts</a></li>
<li><a href="${link(pathTo('lists'), { of: inboxId })}">its lists</a></li></ul></nav>
<h2>Threads</h2>
${await threadList(services, { scope: { inboxId }, path: inboxPath(inboxId), ...asked })}`;
  return { title: inboxId, body, isLive: true };
}

async function aboutInbox(inbox: Inbox, services: MailboxPageServices): Promise<Markup> {
  const { inboxId, podId, displayName, agentId, usedBytes, createdAtMs } = inbox;
  const { query, pods, standings } = services;
  const [fault, pod, [unread]] = [
    await standings.faultOf(inbox),
    await pods.find(podId),
    await query.ask('unreadIn', [inboxId]),
  ];
  return facts([
    ['For', displayName],
    ['Unread', unread && counted(unread)],
    ['Agent', agentId && agentLink(agentId, services)],
    ['Pod', pod && markup`<a href="${link(PATH, { pod: podId })}">${pod.name}</a>`],
    ['Mail', sizeOf(usedBytes)],
    ['Since', at(createdAtMs, services)],
    ['Gets no mail', fault && `${fault.why}. ${fault.fix}`],
  ]);
}
