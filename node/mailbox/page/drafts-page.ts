// Drafts: those that wait for somebody, those that go at a time; and one of them as the mail that it would be.
import { MeshError } from '../../../mesh/errors.ts';
import { pathSegment } from '../../http/input.ts';
import type { Asker } from '../../page/asker.ts';
import { queryOf } from '../../page/door.ts';
import { action, breakable, facts, link, mark, pager, table } from '../../page/fragments.ts';
import type { View } from '../../page/frame.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { type Markup, markup } from '../../page/markup.ts';
import type { Draft, DraftItem } from '../draft.ts';
import { noSuch } from '../errors.ts';
import { draftBody } from '../http/draft-body.ts';
import type { Scope } from '../scope.ts';
import { type DraftTyped, draftForm, isEdited } from './draft-form.ts';
import { filesOf, mailText, WHOLE_TEXT_MAX } from './mail-article.ts';
import { at, choices, labelMarks, named, tabs, titleOf } from './mail-fragments.ts';
import { acting, type MailboxDoor } from './mailbox-door.ts';
import { framed, frameOf, toFile } from './message-page.ts';
import { cursorOf, DRAFT_ROUTE, draftPath, inboxPath, messagePath, pathTo, placeAt } from './places.ts';
import type { MailboxPageServices } from './services.ts';

const PATH = pathTo('drafts');

const KINDS = [
  ['', 'waiting for somebody'],
  ['scheduled', 'going at a time'],
  ['failed', 'refused'],
  ['all', 'all'],
] as const;

export function draftPages(door: MailboxDoor, services: MailboxPageServices): void {
  const { query, links } = services;
  door.show(PATH, (c) => draftsView(services, queryOf(c, 'kind', 'inbox', 'pod', 'cursor')));
  door.show(DRAFT_ROUTE, async (c, asker) => {
    const draft = await draftAt(services, pathSegment(c, 'inbox'), pathSegment(c, 'draft'));
    return await draftView(draft, services, { asker, isHtml: queryOf(c, 'view').view === 'html' });
  });
  door.give(`${DRAFT_ROUTE}/html`, async (c) => {
    const { inboxId, draftId } = await draftAt(services, pathSegment(c, 'inbox'), pathSegment(c, 'draft'));
    return framed(await query.ask('draftPreview', { inboxId, draftId }));
  });
  door.give(`${DRAFT_ROUTE}/attachments/:attachment`, async (c) => {
    const { inboxId, draftId } = await draftAt(services, pathSegment(c, 'inbox'), pathSegment(c, 'draft'));
    const attachmentId = pathSegment(c, 'attachment');
    return toFile(c, await links.toDraftFile({ inboxId, draftId, attachmentId }, c));
  });
}

/** Throws `not_found`. */
export async function draftAt(
  { query, inboxes }: Pick<MailboxPageServices, 'query' | 'inboxes'>,
  inbox: string,
  draftId: string,
): Promise<Draft> {
  const { inboxId } = await inboxes.get(inbox);
  const draft = await query.ask('draft', { inboxId, draftId });
  if (draft === undefined) throw noSuch('draft');
  return draft;
}

async function draftsView(
  services: MailboxPageServices,
  { kind, inbox, pod, cursor }: Record<'kind' | 'inbox' | 'pod' | 'cursor', string>,
): Promise<View> {
  if (!KINDS.some(([one]) => one === kind))
    throw new MeshError('invalid_request', `'kind' must be one of ${KINDS.map(([one]) => `'${one}'`).join(', ')}.`);
  const scope = await scopeOf(services, inbox, pod);
  const { items, next } = await services.query.ask('drafts', {
    ...{ ...scope, labels: kind === 'scheduled' || kind === 'failed' ? [kind] : [], isUndecided: kind === '' },
    ...{ limit: ROWS_MAX, isAscending: false, place: placeAt(cursor) },
  });
  const kept = { inbox, pod };
  const body = markup`${await tabs(services, 'drafts')}
${inbox === '' ? '' : markup`<p>Of <a href="${inboxPath(inbox)}">${inbox}</a>; <a href="${PATH}">those of all inboxes</a></p>`}
${choices(
  'Which drafts',
  PATH,
  KINDS.map(([one, label]) => ({ label, query: { ...kept, kind: one }, isChosen: one === kind })),
)}
${table({
  caption: 'The one that was changed last comes first',
  columns: ['Subject', 'From', 'To', 'State', 'Labels', 'Changed'],
  empty: kind === '' ? 'No draft waits for somebody.' : 'There is no such draft.',
  rows: items.map((draft) => [
    markup`<a href="${draftPath(draft.inboxId, draft.draftId)}">${breakable(titleOf(draft.subject))}</a>`,
    markup`<a href="${inboxPath(draft.inboxId)}">${breakable(draft.inboxId)}</a>`,
    named([...draft.to, ...draft.cc, ...draft.bcc].map(({ address }) => address)) || '–',
    stateOf(draft, services),
    draft.labels.join(', ') || '–',
    at(draft.updatedAtMs, services),
  ]),
})}
${pager(PATH, { ...kept, kind, cursor }, cursorOf(next))}`;
  return { title: 'Drafts', body, isLive: true };
}

async function scopeOf({ inboxes, pods }: MailboxPageServices, inbox: string, pod: string): Promise<Scope> {
  if (inbox !== '') return { inboxId: (await inboxes.get(inbox)).inboxId };
  if (pod === '') return {};
  const found = await pods.find(pod);
  if (found === undefined) throw noSuch('pod');
  return { podId: found.podId };
}

function stateOf({ status, sendAtMs }: DraftItem, services: MailboxPageServices): Markup {
  switch (status) {
    case 'scheduled':
      return markup`${mark('wait', 'goes')} ${sendAtMs === undefined ? '' : at(sendAtMs, services)}`;
    case 'sending':
      return mark('wait', 'is being sent');
    case 'failed':
      return mark('bad', 'refused');
    case undefined:
      return mark('off', 'waits for somebody');
  }
}

export interface DraftShown {
  readonly asker: Asker;
  readonly isHtml?: boolean;
  /** What somebody wrote into its form, and why that was refused. */
  readonly refused?: { readonly typed: DraftTyped; readonly why: string; readonly status: number };
}

export async function draftView(
  draft: Draft,
  services: MailboxPageServices,
  { asker, isHtml: asked = false, refused }: DraftShown,
): Promise<View> {
  const { inboxId, draftId, status } = draft;
  const path = draftPath(inboxId, draftId);
  const isHtml = asked && draft.html !== undefined;
  const body = markup`${await tabs(services, 'drafts')}
${refused === undefined ? '' : markup`<p class="refusal" role="alert" id="why">${refused.why}</p>`}
<article class="mail" aria-label="The draft">
${aboutDraft(draft, services)}
${
  draft.html === undefined
    ? ''
    : choices('How it is shown', path, [
        { label: 'text', query: {}, isChosen: !isHtml },
        { label: 'HTML', query: { view: 'html' }, isChosen: isHtml },
      ])
}
${isHtml ? frameOf(`${path}/html`, { what: 'The HTML of this draft', targets: isEdited(draft) ? 'in its HTML below' : undefined }) : mailText({ ...NO_MAIL, text: draft.text }, WHOLE_TEXT_MAX)}
${draft.html === undefined || isHtml ? '' : markup`<p class="dim">It has HTML besides, which most people will see in place of this text.</p>`}
${draft.origin?.kind === 'forward' ? markup`<p class="dim">Below it stands <a href="${messagePath(inboxId, draft.origin.messageId)}">the mail that it passes on</a>, with its files.</p>` : ''}
</article>
${
  status === 'sending'
    ? markup`<p class="empty">It is being sent, and nobody changes it meanwhile.</p>`
    : markup`${buttons(draft, path, asker)}
<h2>Edit</h2>
${draftForm(draft, { path, asker, typed: refused?.typed })}`
}`;
  return { title: titleOf(draft.subject), body, hasFrame: isHtml, ...(refused && { status: refused.status }) };
}

const NO_MAIL = { from: '', to: [], timestamp: '', labels: [], message_id: '' } as const;

function aboutDraft(draft: Draft, services: MailboxPageServices): Markup {
  const { inboxId, draftId, origin, reason, updatedAtMs } = draft;
  const { to, cc, bcc, reply_to, attachments } = draftBody(draft);
  const all = (people: readonly string[] | undefined) => (people ?? []).join('\n');
  return facts([
    ['State', stateOf(draft, services)],
    ['Why', reason],
    ['From', markup`<a href="${inboxPath(inboxId)}">${breakable(inboxId)}</a>`],
    ['To', all(to) || 'nobody yet'],
    ['Copy to', all(cc)],
    ['Blind copy to', all(bcc)],
    ['Answers go to', all(reply_to)],
    ['Answers', origin?.kind === 'reply' ? originLink(inboxId, origin.messageId) : undefined],
    ['Passes on', origin?.kind === 'forward' ? originLink(inboxId, origin.messageId) : undefined],
    ['Files', filesOf(attachments ?? [], (id) => draftPath(inboxId, draftId, 'attachments', id))],
    ['Labels', draft.labels.length === 0 ? undefined : labelMarks(draft.labels, inboxPath(inboxId))],
    ['Changed', at(updatedAtMs, services)],
  ]);
}

function originLink(inboxId: string, messageId: string): Markup {
  return markup`<a href="${link(messagePath(inboxId, messageId), {})}">${breakable(messageId)}</a>`;
}

/** Each names the draft as it was seen: one that was changed since is not sent. */
function buttons({ revision, status }: Draft, path: string, asker: Asker): Markup {
  const fields = { revision: String(revision) };
  const untimed = { to: `${path}/untime`, label: 'Cancel its time', fields, needs: acting };
  return markup`<div class="actions" role="group" aria-label="What can be done">
${action(asker, { to: `${path}/send`, label: status === 'scheduled' ? 'Send it now' : 'Approve and send', fields, needs: acting })}
${status === 'scheduled' ? action(asker, untimed) : ''}
${action(asker, { to: `${path}/delete`, label: 'Delete', fields, needs: acting, isGrave: true })}
</div>`;
}
