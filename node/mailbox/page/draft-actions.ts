// What the page of a draft does: each by the service that the routes ask, with the draft as it was seen.
import { hash } from 'node:crypto';
import type { Context } from 'hono';
import { MeshError } from '../../../mesh/errors.ts';
import { STATUS_OF } from '../../http/errors.ts';
import { pathSegment } from '../../http/input.ts';
import { visitorIn } from '../../page/door.ts';
import type { Draft, DraftMeant } from '../draft.ts';
import { draftChange } from '../http/draft-forms.ts';
import { checked } from '../http/input.ts';
import { changeIn, DRAFT_FORM_BYTES_MAX, typedIn } from './draft-form.ts';
import { draftAt, draftView } from './drafts-page.ts';
import { type MailboxDoor, pageRefusal } from './mailbox-door.ts';
import { DRAFT_ROUTE, draftPath, messagePath, pathTo } from './places.ts';
import type { MailboxPageServices } from './services.ts';

export function draftActions(door: MailboxDoor, services: MailboxPageServices): void {
  const { drafts } = services;
  const meantBy = async (c: Context, form: URLSearchParams): Promise<Required<DraftMeant>> => {
    const { inboxId } = await services.inboxes.get(pathSegment(c, 'inbox'));
    return { inboxId, draftId: pathSegment(c, 'draft'), revision: revisionIn(form) };
  };

  door.act(`${DRAFT_ROUTE}/send`, async (c, form) => {
    const meant = await meantBy(c, form);
    // Who clicks twice sends once.
    const seen = hash('sha256', `\0page:${meant.draftId}:${meant.revision}`);
    const key = { hash: seen, fingerprint: seen };
    const client = visitorIn(c).client ?? '';
    const { messageId } = await drafts.send({ ...meant, client, key, addLabels: [], removeLabels: [] });
    return { to: messagePath(meant.inboxId, messageId), said: 'mailSent' };
  });

  door.act(`${DRAFT_ROUTE}/untime`, async (c, form) => {
    const meant = await meantBy(c, form);
    await drafts.change(meant, checked(draftChange, { send_at: null }, 'form'), changer(c));
    return { to: draftPath(meant.inboxId, meant.draftId), said: 'draftUntimed' };
  });

  door.act(`${DRAFT_ROUTE}/delete`, async (c, form) => {
    await drafts.remove(await meantBy(c, form));
    return { to: pathTo('drafts'), said: 'draftDeleted' };
  });

  door.act(
    `${DRAFT_ROUTE}/edit`,
    async (c, form, asker) => {
      const meant = await meantBy(c, form);
      const draft = await draftAt(services, meant.inboxId, meant.draftId);
      try {
        return { to: draftPath(meant.inboxId, meant.draftId), said: await edited(services, { draft, meant, form, c }) };
      } catch (error) {
        // What was typed is not lost.
        const { code, message: why } = pageRefusal(error);
        if (code === 'not_found') throw error;
        const refused = { typed: typedIn(form, draft), why, status: STATUS_OF[code] };
        return await draftView(draft, services, { asker, refused });
      }
    },
    DRAFT_FORM_BYTES_MAX,
  );
}

async function edited(
  { drafts }: MailboxPageServices,
  {
    draft,
    meant,
    form,
    c,
  }: { readonly draft: Draft; readonly meant: DraftMeant; readonly form: URLSearchParams; readonly c: Context },
) {
  const change = changeIn(typedIn(form, draft), draft);
  if (change === undefined) return 'draftSame';
  await drafts.change(meant, change, changer(c));
  return 'draftSaved';
}

/** Whoever may do anything here may send. */
function changer(c: Context) {
  return { client: visitorIn(c).client ?? '', maySend: true };
}

/** Throws `invalid_request`. */
function revisionIn(form: URLSearchParams): number {
  const text = form.get('revision') ?? '';
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new MeshError('invalid_request', "'revision' must be that of the draft as the page shows it.", {
    field: 'revision',
  });
}
