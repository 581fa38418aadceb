// One mail by itself: its text or, in a frame that can do nothing, its HTML; its files; its labels, which are changed here.
import type { Context } from 'hono';
import { pathSegment } from '../../http/input.ts';
import type { Asker } from '../../page/asker.ts';
import { queryOf, SAFE_HEADERS } from '../../page/door.ts';
import { action } from '../../page/fragments.ts';
import type { View } from '../../page/frame.ts';
import { type Markup, markup, trusted } from '../../page/markup.ts';
import { noSuch, wrongField } from '../errors.ts';
import { labelRefusal } from '../http/label-change.ts';
import { labelFault } from '../label.ts';
import { mailBody } from '../mail-bodies.ts';
import { HELD_BACK_LABELS } from '../overview.ts';
import type { WholeMail } from '../stored-mail.ts';
import { PAGE_POLICY } from '../text/safe-page.ts';
import { aboutMail, mailText, type ShownMail, WHOLE_TEXT_MAX } from './mail-article.ts';
import { choices, tabs, titleOf } from './mail-fragments.ts';
import { acting, type MailboxDoor } from './mailbox-door.ts';
import { inboxPath, messagePath, pathTo, MESSAGE_ROUTE as ROUTE, threadPath } from './places.ts';
import type { MailboxPageServices } from './services.ts';

/** A download begins where its link leads. */
const FOUND = 302;

export function messagePages(door: MailboxDoor, services: MailboxPageServices): void {
  const { links, query } = services;
  door.show(ROUTE, (c, asker) => messageView(services, c, asker));
  door.give(`${ROUTE}/html`, async (c) => framed(await query.ask('preview', await meantBy(c, services))));
  door.give(`${ROUTE}/raw`, async (c) => {
    const octets = await query.ask('octets', await meantBy(c, services));
    if (octets === undefined) throw noSuch('message');
    return toFile(c, await links.to(octets, c));
  });
  door.give(`${ROUTE}/attachments/:attachment`, async (c) => {
    const attachmentId = pathSegment(c, 'attachment');
    return toFile(c, await links.toPart({ ...(await meantBy(c, services)), attachmentId }, c));
  });
  door.act(`${ROUTE}/release`, async (c, form) => {
    await change(services, await meantBy(c, services), { add: [], remove: HELD_BACK_LABELS });
    const path = messagePath(pathSegment(c, 'inbox'), pathSegment(c, 'message'));
    return { to: form.get('back') === 'quarantine' ? pathTo('quarantine') : path, said: 'mailReleased' };
  });
  door.act(`${ROUTE}/labels`, async (c, form) => {
    const [label, isRemoved] = [(form.get('label') ?? '').trim(), form.get('do') === 'remove'];
    const fault = labelFault(label);
    if (fault !== undefined) throw wrongField('label', fault);
    const labels = isRemoved ? { add: [], remove: [label] } : { add: [label], remove: [] };
    await change(services, await meantBy(c, services), labels);
    return { to: messagePath(pathSegment(c, 'inbox'), pathSegment(c, 'message')), said: 'mailLabelled' };
  });
}

/** A page of a stranger's words: of no origin, without scripts, forms and anything that would be fetched, and for frames of this node alone. Throws `not_found`. */
export function framed(page: string | undefined): Response {
  if (page === undefined) throw noSuch('message');
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `${PAGE_POLICY}; frame-ancestors 'self'`,
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'private, no-store',
    ...SAFE_HEADERS,
    'Referrer-Policy': 'no-referrer',
  };
  return new Response(page, { headers });
}

/** By a link of the mailbox's own, whose answer no browser shows. */
export function toFile(c: Context, { download_url: url }: { readonly download_url: string }): Response {
  const answer = c.redirect(new URL(url).pathname, FOUND);
  answer.headers.set('Cache-Control', 'private, no-store');
  return answer;
}

/** `targets`: the place on the page that says where its links would lead; absent: none does. */
export function frameOf(
  path: string,
  { what, targets }: { readonly what: string; readonly targets?: string | undefined },
): Markup {
  const elsewhere = targets === undefined ? '' : `; where they would lead stands ${targets}`;
  return markup`<iframe class="foreign" sandbox="" src="${path}" title="${what}" referrerpolicy="no-referrer"></iframe>
<p class="dim">Shown without its styles, without pictures from elsewhere, and without what it hides. Its links lead nowhere here${elsewhere}.</p>`;
}

async function meantBy(c: Context, { inboxes }: Pick<MailboxPageServices, 'inboxes'>) {
  const { inboxId } = await inboxes.get(pathSegment(c, 'inbox'));
  return { inboxId, messageId: pathSegment(c, 'message') };
}

async function messageView(services: MailboxPageServices, c: Context, asker: Asker): Promise<View> {
  const { view } = queryOf(c, 'view');
  const mail = await services.query.ask('mail', await meantBy(c, services));
  if (mail === undefined) throw noSuch('message');
  const { inboxId, messageId, threadId } = mail;
  const path = messagePath(inboxId, messageId);
  const isHtml = view === 'html' && mail.html !== undefined;
  const shown: ShownMail = mailBody(mail);
  const body = markup`${await tabs(services, 'threads')}
<p><a href="${inboxPath(inboxId)}">${inboxId}</a> · <a href="${threadPath(inboxId, threadId)}">its thread</a></p>
<article class="mail" aria-label="Mail of ${mail.from}">
<h2>${mail.from === '' ? '(no sender)' : mail.from}</h2>
${aboutMail(shown, { inboxId, services })}
${choices('How it is shown', path, [
  { label: 'text', query: {}, isChosen: !isHtml },
  ...(mail.html === undefined ? [] : [{ label: 'HTML', query: { view: 'html' }, isChosen: isHtml }]),
])}
${isHtml ? frameOf(`${path}/html`, { what: 'The HTML of this mail', targets: 'in the text' }) : mailText(shown, WHOLE_TEXT_MAX)}
<p class="more"><a href="${path}/raw" download>The mail as it came</a> (message.eml)</p>
</article>
${labelForms(mail, path, asker)}`;
  return { title: titleOf(mail.subject), body, hasFrame: isHtml };
}

function labelForms({ labels }: WholeMail, path: string, asker: Asker): Markup {
  const isHeldBack = HELD_BACK_LABELS.some((label) => labels.includes(label));
  const why = asker.refuses(acting);
  const dead = why === undefined ? '' : trusted(' disabled');
  const toggle = (label: string, add: string, remove: string) => {
    const isThere = labels.includes(label);
    return action(asker, {
      ...{ to: `${path}/labels`, needs: acting, label: isThere ? remove : add },
      fields: { label, do: isThere ? 'remove' : 'add' },
    });
  };
  return markup`<h2>Labels</h2>
<div class="actions" role="group" aria-label="What can be done">
${isHeldBack ? action(asker, { to: `${path}/release`, label: 'Release into the inbox', needs: acting }) : toggle('spam', 'It is spam', '')}
${toggle('unread', 'Mark as unread', 'Mark as read')}
${toggle('trash', 'Put into the trash', 'Take out of the trash')}
</div>
<form method="post" action="${path}/labels" class="search">
<div><label for="label">Label</label><input id="label" name="label" required maxlength="100" autocomplete="off"${dead}></div>
<input type="hidden" name="formToken" value="${asker.formToken}">
<button name="do" value="add"${dead}>Add</button><button name="do" value="remove"${dead}>Take away</button>
</form>
${why === undefined ? '' : markup`<p class="dim">${why.message}</p>`}`;
}

async function change(
  { intake, clock }: MailboxPageServices,
  meant: { readonly inboxId: string; readonly messageId: string },
  labels: { readonly add: readonly string[]; readonly remove: readonly string[] },
): Promise<void> {
  const wanted = { ...labels, required: [], excluded: [], atMs: clock.wallMs() };
  const { outcome } = await intake.ask('changeLabels', { meant, change: wanted });
  if (outcome !== 'done') throw labelRefusal(outcome, 'message');
}
