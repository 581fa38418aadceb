// What is held back, of all inboxes: spam, what a list blocks, and what nobody answers for; each can be released into its inbox.
import { MeshError } from '../../../mesh/errors.ts';
import { queryOf } from '../../page/door.ts';
import { action, breakable, pager, table } from '../../page/fragments.ts';
import { ROWS_MAX } from '../../page/limits.ts';
import { markup } from '../../page/markup.ts';
import { HELD_BACK_LABELS } from '../overview.ts';
import { at, choices, labelMarks, tabs, titleOf } from './mail-fragments.ts';
import { acting, type MailboxDoor } from './mailbox-door.ts';
import { cursorOf, inboxPath, messagePath, pathTo, placeAt } from './places.ts';
import type { MailboxPageServices } from './services.ts';

const WHAT = { spam: 'spam', blocked: 'blocked by a list', unauthenticated: 'nobody answers for it' } as const;

export function quarantinePages(door: MailboxDoor, services: MailboxPageServices): void {
  const path = pathTo('quarantine');
  door.show(path, async (c, asker) => {
    const { label: text, cursor } = queryOf(c, 'label', 'cursor');
    const label = HELD_BACK_LABELS.find((one) => one === text);
    if (label === undefined && text !== '')
      throw new MeshError('invalid_request', `'label' must be one of ${HELD_BACK_LABELS.join(', ')}.`);
    const { items, next } = await services.query.ask('heldBackMails', {
      ...{ label, limit: ROWS_MAX, place: placeAt(cursor) },
    });
    const body = markup`${await tabs(services, 'quarantine')}
<p>Mail that is in no inbox’s list and that no program was told of, until somebody releases it. It is erased 30 days after its labels were last changed.</p>
${choices('Why it is held back', path, [
  { label: 'all', query: {}, isChosen: label === undefined },
  ...HELD_BACK_LABELS.map((one) => ({ label: WHAT[one], query: { label: one }, isChosen: one === label })),
])}
${table({
  caption: 'The newest first',
  columns: ['Subject', 'From', 'Inbox', 'Labels', 'Came', 'Release'],
  empty: 'Nothing is held back.',
  rows: items.map(({ inboxId, messageId, from, subject, preview, labels, atMs }) => [
    markup`<a href="${messagePath(inboxId, messageId)}">${breakable(titleOf(subject))}</a>${preview === undefined ? '' : markup`<br><span class="dim">${breakable(preview.slice(0, 100))}</span>`}`,
    from === '' ? '–' : from,
    markup`<a href="${inboxPath(inboxId)}">${breakable(inboxId)}</a>`,
    labelMarks(labels, inboxPath(inboxId)),
    at(atMs, services),
    action(asker, {
      ...{ to: messagePath(inboxId, messageId, 'release'), label: 'Release', about: titleOf(subject).slice(0, 100) },
      ...{ fields: { back: 'quarantine' }, needs: acting },
    }),
  ]),
})}
${pager(path, { label: text, cursor }, cursorOf(next))}`;
    return { title: 'Quarantine', body, isLive: true };
  });
}
