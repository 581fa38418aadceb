// Drafts: of one inbox written, changed and sent, and of all of them read.
import type { Context } from 'hono';
import type { z } from 'zod';
import { clientAddress } from '../../http/client-address.ts';
import { pathSegment } from '../../http/input.ts';
import type { ReadSendBody } from '../../http/send/send-body.ts';
import { SpooledContent } from '../../send/attachments/blob-store.ts';
import type { DiskRoom } from '../disk-room.ts';
import type { Draft, SentDraft } from '../draft.ts';
import { noSuch, wrongField } from '../errors.ts';
import { callerOf, deniedTo } from '../http/caller.ts';
import { draftBody, draftItemBody, sentDraftBody } from '../http/draft-body.ts';
import { draftChange, draftForm, draftParameters, draftSending } from '../http/draft-forms.ts';
import { refuseFullDisk } from '../http/full-disk.ts';
import { keyOf } from '../http/idempotency-key.ts';
import { checked, readForm, readParameters } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes, ScopedRoutes } from '../http/routes.ts';
import type { DraftAsker, Drafts } from '../out/drafts.ts';
import type { Outbox } from '../out/outbox.ts';
import { allows } from '../permission.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import { LEVELS, type Scope } from '../scope.ts';
import type { AttachmentLinks } from './files.ts';
import { sentBody } from './sends.ts';

const FORM_BYTES_MAX = 64 * 1_024;
const REVISION = /^"(\d{1,15})"$/;

export interface DraftServices {
  readonly query: Asks<QueryQuestions>;
  readonly drafts: Drafts;
  readonly room: Pick<DiskRoom, 'isFull'>;
  readonly outbox: Pick<Outbox, 'forgo'>;
  readonly links: AttachmentLinks;
  readonly readBody: ReadSendBody;
}

export function draftRoutes(routes: Routes, services: DraftServices): void {
  routes.below(LEVELS, '/drafts', (at) => draftReadRoutes(at, services));
  routes.below(['inbox'], '/drafts', (at) => draftWriteRoutes(at, services));
}

function draftReadRoutes(at: ScopedRoutes, { query, links }: DraftServices): void {
  at.add('GET', '', 'draft_read', async (c, { podId, inboxId }) => {
    const { limit, page_token, ascending, ...filter } = readParameters(c, draftParameters);
    const scope = inboxId === undefined ? { podId } : { inboxId };
    const asked = ['drafts', scope, ascending, filter];
    const place = placeOf(page_token, asked);
    const wanted = { ...filter, ...scope, denied: deniedTo(c), limit, isAscending: ascending, place };
    const listed = await query.ask('drafts', wanted);
    return c.json({ ...pageBody(limit, listed, asked), drafts: listed.items.map(draftItemBody) });
  });

  at.add('GET', '/:draft_id', 'draft_read', async (c, scope) => {
    const draft = await query.ask('draft', { ...scope, draftId: pathSegment(c, 'draft_id') });
    if (draft === undefined) throw noSuch('draft');
    return answered(c, draft);
  });

  at.add('GET', '/:draft_id/attachments/:attachment_id', 'draft_read', async (c, scope) => {
    const [draftId, attachmentId] = [pathSegment(c, 'draft_id'), pathSegment(c, 'attachment_id')];
    return c.json(await links.toDraftFile({ ...scope, draftId, attachmentId }, c));
  });
}

function draftWriteRoutes(at: ScopedRoutes, services: DraftServices): void {
  const { drafts } = services;

  at.add('POST', '', 'draft_create', async (c, { inboxId = '' }) => {
    const form = await readFiles(c, draftForm, 'attachments', services);
    return answered(c, await drafts.create({ inboxId }, form, asker(c)));
  });

  at.add('PATCH', '/:draft_id', 'draft_update', async (c, scope) => {
    const meant = meantBy(c, scope);
    const form = await readFiles(c, draftChange, 'add_attachments', services);
    return answered(c, await drafts.change(meant, form, asker(c)));
  });

  at.add('DELETE', '/:draft_id', 'draft_delete', async (c, scope) => {
    await drafts.remove(meantBy(c, scope));
    return c.body(null, 204);
  });

  at.add('POST', '/:draft_id/send', 'draft_send', async (c, scope) => {
    const form = await readForm(c, draftSending, FORM_BYTES_MAX);
    const meant = meantBy(c, scope);
    const key = keyOf(c, [c.req.path, meant.inboxId, form]);
    const labels = { addLabels: form.add_labels, removeLabels: form.remove_labels };
    return c.json(
      sentBody(await drafts.send({ ...meant, ...labels, key, client: clientAddress(c), denied: deniedTo(c) })),
    );
  });
}

/** Who writes: what of a draft takes more than to write it. */
function asker(c: Context): DraftAsker {
  const { permissions } = callerOf(c);
  return {
    client: clientAddress(c),
    maySend: allows(permissions, 'draft_send'),
    mayRead: allows(permissions, 'message_read'),
    denied: deniedTo(c),
  };
}

/** Contents of files that come with a request that is refused are not kept. `list`: the member that has them. */
async function readFiles<Schema extends z.ZodType>(
  c: Context,
  schema: Schema,
  list: string,
  { room, readBody, outbox }: Pick<DraftServices, 'room' | 'readBody' | 'outbox'>,
): Promise<z.output<Schema>> {
  await refuseFullDisk(room);
  const body = await readBody(c.req.raw, clientAddress(c), list);
  try {
    return checked(schema, body, 'body');
  } catch (error) {
    await outbox.forgo(contentsIn((body as Readonly<Record<string, unknown>> | null)?.[list]));
    throw error;
  }
}

function contentsIn(files: unknown): readonly SpooledContent[] {
  if (!Array.isArray(files)) return [];
  return files.flatMap((file) => (file?.content instanceof SpooledContent ? [file.content] : []));
}

/** The draft with its revision, which a later request may require by If-Match. */
function answered(c: Context, draft: Draft | SentDraft): Response {
  const body = 'sent' in draft ? sentDraftBody(draft) : draftBody(draft);
  return c.json(body, 200, { ETag: `"${draft.revision}"` });
}

/** Throws `validation_error`. */
function meantBy(c: Context, { inboxId = '' }: Scope) {
  const header = c.req.header('if-match');
  const draftId = pathSegment(c, 'draft_id');
  if (header === undefined || header.trim() === '*') return { inboxId, draftId };
  const revision = REVISION.exec(header.trim())?.[1];
  if (revision !== undefined) return { inboxId, draftId, revision: Number(revision) };
  throw wrongField('If-Match', 'must be the ETag of the draft as it was answered, with its quotes');
}
