// Webhooks: made, listed, changed and deleted, of the organization or of one inbox.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { MAILBOX_EVENTS } from '../../changes/change-log.ts';
import { pathSegment } from '../../http/input.ts';
import { customHeaders } from '../../webhooks/custom-headers.ts';
import { wishOf } from '../../webhooks/epochs.ts';
import type { Subscription } from '../../webhooks/webhook-records.ts';
import { PAGE_PARAMETERS, readForm, readParameters } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Inboxes } from '../org/inboxes.ts';
import { type MailWebhooks, NAMED_INBOXES_MAX, type WebhookMeant } from '../org/mail-webhooks.ts';

const FORM_BYTES_MAX = 64 * 1_024;
const ALL = '/v0/webhooks';
const OF_INBOX = '/v0/inboxes/:inbox_id/webhooks';

const url = z.string().max(2_048);
const eventTypes = z.array(z.enum(MAILBOX_EVENTS)).max(100);
const inboxIds = z.array(z.string()).max(NAMED_INBOXES_MAX, `must name at most ${NAMED_INBOXES_MAX} inboxes`);
const clientId = z.string().regex(/^[A-Za-z0-9\-._~]{1,256}$/, 'must be 1 to 256 of A-Z, a-z, 0-9, -, ., _ and ~');
const ofItsInbox = z.never({ error: 'is not for a webhook of one inbox' }).optional();
const creation = z.strictObject({
  url,
  event_types: eventTypes.min(1, 'must name at least one event'),
  inbox_ids: inboxIds.optional(),
  headers: customHeaders.optional(),
  client_id: clientId.optional(),
});
const creationOfInbox = creation.safeExtend({ inbox_ids: ofItsInbox });
const edit = z.strictObject({
  event_types: eventTypes.default([]),
  add_inbox_ids: inboxIds.optional(),
  remove_inbox_ids: inboxIds.optional(),
});
const editOfInbox = edit.safeExtend({ add_inbox_ids: ofItsInbox, remove_inbox_ids: ofItsInbox });
const headersEdit = z
  .strictObject({
    headers: customHeaders.default({}),
    remove_headers: z.array(z.string().max(100)).max(100).default([]),
  })
  .refine(
    (form) => Object.keys(form.headers).length + form.remove_headers.length > 0,
    'must have headers or remove_headers',
  )
  .refine(({ headers, remove_headers }) => {
    const removed = new Set(remove_headers.map((name) => name.toLowerCase()));
    return !Object.keys(headers).some((name) => removed.has(name.toLowerCase()));
  }, 'sets and removes one header');
const listParameters = z.strictObject(PAGE_PARAMETERS);

export interface WebhookServices {
  readonly webhooks: MailWebhooks;
  readonly inboxes: Pick<Inboxes, 'get'>;
}

export function mailWebhookRoutes(app: Hono, { webhooks, inboxes }: WebhookServices): void {
  /** Texts that name inboxes, as the ids of these. Throws `not_found`, `misdirected`. */
  const idsOf = (texts: readonly string[]) => Promise.all(texts.map(async (text) => (await inboxes.get(text)).inboxId));

  for (const path of [ALL, OF_INBOX]) {
    const ownerOf = async (c: Context) =>
      path === OF_INBOX ? (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId : undefined;
    const meantBy = async (c: Context): Promise<WebhookMeant> => ({
      ownerId: await ownerOf(c),
      id: pathSegment(c, 'webhook_id'),
    });

    app.get(path, async (c) => {
      const { limit, page_token, ascending } = readParameters(c, listParameters);
      const ownerId = await ownerOf(c);
      const asked = ['webhooks', ownerId ?? null, ascending];
      const listed = webhooks.list(ownerId, { limit, isAscending: ascending, place: placeOf(page_token, asked) });
      return c.json({ ...pageBody(limit, listed, asked), webhooks: listed.items.map(webhookBody) });
    });

    app.post(path, async (c) => {
      const ownerId = await ownerOf(c);
      const form = await readForm(c, path === ALL ? creation : creationOfInbox, FORM_BYTES_MAX);
      const named = await idsOf(form.inbox_ids ?? []);
      const wish = { url: form.url, events: form.event_types, headers: form.headers, clientId: form.client_id };
      const made = await webhooks.create(ownerId, { ...wish, inboxIds: named.length === 0 ? undefined : named });
      return c.json(webhookBody(made));
    });

    app.get(`${path}/:webhook_id`, async (c) => c.json(webhookBody(webhooks.get(await meantBy(c)))));

    app.patch(`${path}/:webhook_id`, async (c) => {
      const meant = await meantBy(c);
      const form = await readForm(c, path === ALL ? edit : editOfInbox, FORM_BYTES_MAX);
      const { event_types: events, add_inbox_ids = [], remove_inbox_ids = [] } = form;
      const removedIds = remove_inbox_ids.map((text) => text.toLowerCase());
      return c.json(
        webhookBody(await webhooks.change(meant, { events, addedIds: await idsOf(add_inbox_ids), removedIds })),
      );
    });

    app.delete(`${path}/:webhook_id`, async (c) => {
      await webhooks.remove(await meantBy(c));
      return c.body(null, 204);
    });

    headerRoutes(app, path, { webhooks, meantBy });
  }
}

function headerRoutes(
  app: Hono,
  path: string,
  { webhooks, meantBy }: { readonly webhooks: MailWebhooks; readonly meantBy: (c: Context) => Promise<WebhookMeant> },
): void {
  app.get(`${path}/:webhook_id/headers`, async (c) => {
    const { headers } = webhooks.get(await meantBy(c));
    return c.json({ header_names: Object.keys(headers) });
  });

  app.patch(`${path}/:webhook_id/headers`, async (c) => {
    const meant = await meantBy(c);
    const { headers, remove_headers } = await readForm(c, headersEdit, FORM_BYTES_MAX);
    const removed = Object.fromEntries(remove_headers.map((name) => [name, null]));
    await webhooks.changeHeaders(meant, { ...headers, ...removed });
    return c.body(null, 204);
  });
}

function webhookBody(subscription: Subscription) {
  const { id, url: to, secret, isEnabled, clientId: client_id, updatedAt, createdAt } = subscription;
  const { events, inboxIds: inbox_ids } = wishOf(subscription);
  return {
    ...{ webhook_id: id, url: to, event_types: events, inbox_ids, secret, enabled: isEnabled, client_id },
    ...{ updated_at: updatedAt, created_at: createdAt },
  };
}
