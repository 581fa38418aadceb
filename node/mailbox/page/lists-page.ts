// Lists of whom inboxes hear from and write to, of the organization, of a pod or of one inbox; entries are added and taken out here.
import { MeshError } from '../../../mesh/errors.ts';
import type { Asker } from '../../page/asker.ts';
import { queryOf } from '../../page/door.ts';
import { action, pager, table } from '../../page/fragments.ts';
import type { View } from '../../page/frame.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { type Markup, markup, trusted } from '../../page/markup.ts';
import { noSuch } from '../errors.ts';
import { checked } from '../http/input.ts';
import { listForm, refuseKeptEntry, settledEntry, wishedEntry } from '../http/list-form.ts';
import {
  entryNameOf,
  LIST_DIRECTIONS,
  LIST_TYPES,
  type ListEntry,
  type ListNamed,
  type ListScope,
} from '../list-entry.ts';
import { at, tabs } from './mail-fragments.ts';
import { acting, type MailboxDoor } from './mailbox-door.ts';
import { pathTo } from './places.ts';
import { podNamed } from './pods-page.ts';
import type { MailboxPageServices } from './services.ts';

const PATH = pathTo('lists');
const WORDS = {
  receive: 'receive: whose mail comes in',
  reply: 'reply: whose answers come in',
  send: 'send: whom mail goes to',
  block: 'block',
  allow: 'allow',
} as const;

type Asked = Readonly<Record<'of' | 'direction' | 'type', string>>;

export function listPages(door: MailboxDoor, services: MailboxPageServices): void {
  const { intake, clock } = services;
  door.show(PATH, (c, asker) => listView(services, queryOf(c, 'of', 'direction', 'type', 'cursor'), asker));

  door.act(`${PATH}/add`, async (_, form) => {
    const asked = askedIn(form);
    const list = await listOf(services, asked);
    const reason = (form.get('reason') ?? '').trim();
    const body = { entry: form.get('entry') ?? '', ...(reason === '' ? {} : { reason }) };
    const wished = wishedEntry(checked(listForm, body, 'form'), list.listType);
    const added = await intake.ask('addListEntry', { ...list, ...wished, atMs: clock.wallMs() });
    settledEntry(added, list.scope);
    return { to: pathOf(asked), said: added.outcome === 'known' ? 'entryKnown' : 'entryAdded' };
  });

  door.act(`${PATH}/remove`, async (_, form) => {
    const asked = askedIn(form);
    const name = entryNameOf(form.get('entry') ?? '');
    if ('fault' in name) throw noSuch('entry');
    const meant = { ...(await listOf(services, asked)), key: name.key };
    refuseKeptEntry(await intake.ask('removeListEntry', meant), meant);
    return { to: pathOf(asked), said: 'entryRemoved' };
  });
}

async function listView(
  services: MailboxPageServices,
  { cursor, ...words }: Asked & { readonly cursor: string },
  asker: Asker,
): Promise<View> {
  const asked = { of: words.of.trim(), direction: words.direction || 'receive', type: words.type || 'block' };
  const list = await listOf(services, asked);
  const after = cursor === '' ? undefined : cursor;
  const { items, next } = await services.query.ask('listEntries', { ...list, limit: ROWS_MAX, after });
  const body = markup`${await tabs(services, 'lists')}
<p>The list of an inbox goes before that of its pod, and that before the organization’s. Where any list of who is allowed has an entry, everybody else is blocked.</p>
${choiceForm(asked)}
<h2>${await nameOf(services, list)}</h2>
${table({
  caption: 'By their names',
  columns: ['Entry', 'What it is', 'Why', 'Since', 'Take out'],
  empty: 'The list is empty.',
  rows: items.map((entry) => entryRow(entry, { asked, asker, services })),
})}
${pager(PATH, { ...asked, cursor }, next)}
${entryForm(asked, asker)}`;
  return { title: 'Lists', body };
}

function choiceForm({ of, direction, type }: Asked): Markup {
  const choice = (name: string, label: string, values: readonly (keyof typeof WORDS)[], chosen: string) =>
    markup`<div><label for="${name}">${label}</label><select id="${name}" name="${name}">${values.map(
      (one) => markup`<option value="${one}"${one === chosen ? trusted(' selected') : ''}>${WORDS[one]}</option>`,
    )}</select></div>`;
  return markup`<form method="get" action="${PATH}" class="search">
<div><label for="of">Of an inbox (its address) or a pod (its id); empty: the organization</label><input id="of" name="of" value="${of}" autocomplete="off" spellcheck="false"></div>
${choice('direction', 'Direction', LIST_DIRECTIONS, direction)}${choice('type', 'Type', LIST_TYPES, type)}
<button>Show</button></form>`;
}

async function nameOf({ pods }: MailboxPageServices, { scope, direction, listType }: ListNamed): Promise<string> {
  const who =
    scope.kind === 'organization'
      ? 'The organization'
      : scope.kind === 'inbox'
        ? scope.inboxId
        : `The pod ${(await pods.find(scope.podId))?.name ?? scope.podId}`;
  return `${who}: ${direction}, ${listType}`;
}

function entryRow(
  { entry, entryType, reason, isReadOnly, createdAtMs }: ListEntry,
  { asked, asker, services }: { readonly asked: Asked; readonly asker: Asker; readonly services: MailboxPageServices },
) {
  const removal = { to: `${PATH}/remove`, label: 'Take out', about: entry, fields: { ...asked, entry } };
  return [
    entry,
    entryType === 'email' ? 'an address' : 'a domain',
    reason ?? '–',
    at(createdAtMs, services),
    isReadOnly ? markup`<span class="dim">this host keeps it</span>` : action(asker, { ...removal, needs: acting }),
  ];
}

function entryForm(asked: Asked, asker: Asker): Markup {
  const why = asker.refuses(acting);
  const dead = why === undefined ? '' : trusted(' disabled');
  const hidden = Object.entries({ ...asked, formToken: asker.formToken }).map(
    ([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">`,
  );
  const reason =
    asked.type === 'block'
      ? markup`<div><label for="reason">Why; may be empty</label><input id="reason" name="reason" maxlength="500" autocomplete="off"${dead}></div>`
      : '';
  return markup`<h2>Add an entry</h2>
<form method="post" action="${PATH}/add" class="search">${hidden}
<div><label for="entry">An address, like jane@example.com, or a domain, like example.com</label><input id="entry" name="entry" required autocomplete="off" spellcheck="false"${dead}></div>
${reason}
<button${dead}>Add</button></form>
${why === undefined ? '' : markup`<p class="dim">${why.message}</p>`}`;
}

function askedIn(form: URLSearchParams): Asked {
  const [of = '', direction = '', type = ''] = ['of', 'direction', 'type'].map((name) => form.get(name) ?? '');
  return { of, direction, type };
}

/** Throws `invalid_request`, `not_found`. */
async function listOf(services: MailboxPageServices, { of, direction, type }: Asked): Promise<ListNamed> {
  const [named, listType] = [LIST_DIRECTIONS.find((one) => one === direction), LIST_TYPES.find((one) => one === type)];
  if (named === undefined || listType === undefined) {
    const message = `A list is one of ${LIST_DIRECTIONS.join(', ')}, each of who is in ${LIST_TYPES.join(' or ')}.`;
    throw new MeshError('invalid_request', message);
  }
  return { scope: await scopeOf(services, of), direction: named, listType };
}

async function scopeOf(services: MailboxPageServices, of: string): Promise<ListScope> {
  if (of === '') return { kind: 'organization' };
  if (of.includes('@')) return { kind: 'inbox', inboxId: (await services.inboxes.get(of)).inboxId };
  return { kind: 'pod', podId: (await podNamed(services, of)).podId };
}

function pathOf(asked: Asked): string {
  return `${PATH}?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value !== ''))}`;
}
