// Webhooks: made, listed, changed and deleted, of the organization, of a pod or of an inbox.
import type { Context } from 'hono';
import { z } from 'zod';
import { MAILBOX_EVENTS, type MailboxEvent } from '../../changes/change-log.ts';
import { pathSegment } from '../../http/input.ts';
import { customHeaders } from '../../webhooks/custom-headers.ts';
import { wishOf } from '../../webhooks/epochs.ts';
import type { Subscription } from '../../webhooks/webhook-records.ts';
import { noSuch } from '../errors.ts';
import { toHear } from '../event.ts';
import { callerOf, refuseScopedKey } from '../http/caller.ts';
import { missingPermission } from '../http/gate.ts';
import { PAGE_PARAMETERS, readForm, readParameters } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes, ScopedRoutes } from '../http/routes.ts';
import type { Inboxes } from '../org/inboxes.ts';
import { type MailWebhooks, NAMED_MAX, type WebhookMeant, type WebhookWish } from '../org/mail-webhooks.ts';
import type { Pods } from '../org/pods.ts';
import { allows } from '../permission.ts';
import { LEVELS, levelOf, type Scope } from '../scope.ts';

const FORM_BYTES_MAX = 64 * 1_024;

const url = z.string().max(2_048);
const eventTypes = z.array(z.enum(MAILBOX_EVENTS)).max(100);
const inboxIds = z.array(z.string()).max(NAMED_MAX, `must name at most ${NAMED_MAX} inboxes`);
const podIds = z.array(z.string()).max(NAMED_MAX, `must name at most ${NAMED_MAX} pods`);
const clientId = z.string().regex(/^[A-Za-z0-9\-._~]{1,256}$/, 'must be 1 to 256 of A-Z, a-z, 0-9, -, ., _ and ~');
const creation = z.strictObject({
  url,
  event_types: eventTypes.min(1, 'must name at least one event'),
  inbox_ids: inboxIds.optional(),
  pod_ids: podIds.optional(),
  headers: customHeaders.optional(),
  client_id: clientId.optional(),
});
/** An empty list changes nothing: that of `event_types` leaves them as they are, as AgentMail's client has it. */
const edit = z
  .strictObject({
    event_types: eventTypes.default([]),
    add_inbox_ids: inboxIds.optional(),
    remove_inbox_ids: inboxIds.optional(),
    add_pod_ids: podIds.optional(),
    remove_pod_ids: podIds.optional(),
  })
  .refine(
    (form) => Object.values(form).some((list = []) => list.length > 0),
    'changes nothing: name events in event_types, or inboxes or pods to add or remove',
  );
const notFor = (whose: string) => z.never({ error: `is not for a webhook of one ${whose}` }).optional();
const [ofPod, ofInbox] = [notFor('pod'), notFor('inbox')];
/** What may be named at each level. */
const CREATIONS = {
  organization: creation,
  pod: creation.safeExtend({ pod_ids: ofPod }),
  inbox: creation.safeExtend({ inbox_ids: ofInbox, pod_ids: ofInbox }),
};
const EDITS = {
  organization: edit,
  pod: edit.safeExtend({ add_pod_ids: ofPod, remove_pod_ids: ofPod }),
  inbox: edit.safeExtend({
    ...{ add_inbox_ids: ofInbox, remove_inbox_ids: ofInbox, add_pod_ids: ofInbox, remove_pod_ids: ofInbox },
  }),
};
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
  readonly pods: Pick<Pods, 'find'>;
}

export function mailWebhookRoutes(routes: Routes, services: WebhookServices): void {
  routes.below(LEVELS, '/webhooks', (at) => {
    listRoutes(at, services);
    oneWebhookRoutes(at, services);
    headerRoutes(at, services);
  });
}

function listRoutes(at: ScopedRoutes, services: WebhookServices): void {
  const { webhooks } = services;

  at.add('GET', '', 'webhook_read', async (c, scope) => {
    const { limit, page_token, ascending } = readParameters(c, listParameters);
    const asked = ['webhooks', scope.podId ?? null, scope.inboxId ?? null, ascending];
    const page = { limit, isAscending: ascending, place: placeOf(page_token, asked) };
    const listed = await webhooks.list(scope, page);
    return c.json({ ...pageBody(limit, listed, asked), webhooks: listed.items.map(webhookBody) });
  });

  at.add('POST', '', 'webhook_create', async (c, scope) => {
    if (at.level === 'organization') refuseScopedKey(c, 'A webhook of the organization');
    const form = await readForm(c, CREATIONS[at.level], FORM_BYTES_MAX);
    const wish = { url: form.url, events: form.event_types, headers: form.headers, clientId: form.client_id };
    refuseUnheard(c, form.event_types);
    const known = webhooks.known(scope, form.client_id);
    // An inbox that it names may be gone since, and its receiver's name be unknown for now.
    if (known !== undefined) return c.json(webhookBody(known));
    const named = await namesOf(services, scope, form.inbox_ids, form.pod_ids);
    return c.json(webhookBody(await webhooks.create(scope, { ...wish, ...named })));
  });
}

function oneWebhookRoutes(at: ScopedRoutes, services: WebhookServices): void {
  const { webhooks } = services;

  at.add('GET', '/:webhook_id', 'webhook_read', async (c, scope) =>
    c.json(webhookBody(await webhooks.get(meantBy(c, scope)))),
  );

  at.add('PATCH', '/:webhook_id', 'webhook_update', async (c, scope) => {
    const meant = meantBy(c, scope);
    const { ownerPodId: podId, ownerInboxId: inboxId } = await webhooks.get(meant);
    // What it may name goes by whose it is, wherever it was asked for.
    const owner = { podId, inboxId };
    const form = await readForm(c, EDITS[levelOf(owner)], FORM_BYTES_MAX);
    refuseUnheard(c, form.event_types);
    const added = await namesOf(services, owner, form.add_inbox_ids, form.add_pod_ids);
    const removedInboxes = (form.remove_inbox_ids ?? []).map((text) => text.toLowerCase());
    const changed = await webhooks.change(meant, {
      events: form.event_types,
      inboxIds: { added: added.inboxIds ?? [], removed: removedInboxes },
      podIds: { added: added.podIds ?? [], removed: form.remove_pod_ids ?? [] },
    });
    return c.json(webhookBody(changed));
  });

  at.add('DELETE', '/:webhook_id', 'webhook_delete', async (c, scope) => {
    await webhooks.remove(meantBy(c, scope));
    return c.body(null, 204);
  });
}

function headerRoutes(at: ScopedRoutes, { webhooks }: WebhookServices): void {
  at.add('GET', '/:webhook_id/headers', 'webhook_read', async (c, scope) => {
    const { headers } = await webhooks.get(meantBy(c, scope));
    return c.json({ header_names: Object.keys(headers) });
  });

  at.add('PATCH', '/:webhook_id/headers', 'webhook_update', async (c, scope) => {
    const meant = meantBy(c, scope);
    await webhooks.get(meant);
    const { headers, remove_headers } = await readForm(c, headersEdit, FORM_BYTES_MAX);
    const removed = Object.fromEntries(remove_headers.map((name) => [name, null]));
    await webhooks.changeHeaders(meant, { ...headers, ...removed });
    return c.body(null, 204);
  });
}

function meantBy(c: Context, scope: Scope): WebhookMeant {
  return { scope, id: pathSegment(c, 'webhook_id') };
}

/** A webhook tells what its maker may read. Throws `missing_permission`. */
function refuseUnheard(c: Context, events: readonly MailboxEvent[]): void {
  const { permissions } = callerOf(c);
  const missing = events.flatMap((event) => toHear(event)).find((permission) => !allows(permissions, permission));
  if (missing !== undefined) throw missingPermission(missing);
}

/** Texts that name inboxes and pods, as the ids of these; none where none are named. Throws `not_found`, `misdirected`. */
async function namesOf(
  { inboxes, pods }: WebhookServices,
  scope: Scope,
  inboxTexts: readonly string[] = [],
  podTexts: readonly string[] = [],
): Promise<Pick<WebhookWish, 'inboxIds' | 'podIds'>> {
  const inboxOf = async (text: string) => (await inboxes.get(text, scope)).inboxId;
  const podOf = async (text: string) => {
    const pod = await pods.find(text);
    if (pod === undefined) throw noSuch('pod');
    return pod.podId;
  };
  const [inboxIds, podIds] = [await Promise.all(inboxTexts.map(inboxOf)), await Promise.all(podTexts.map(podOf))];
  return {
    inboxIds: inboxIds.length === 0 ? undefined : inboxIds,
    podIds: podIds.length === 0 ? undefined : podIds,
  };
}

function webhookBody(subscription: Subscription) {
  const { id, url: to, secret, isEnabled, clientId: client_id, updatedAt, createdAt } = subscription;
  const { events, inboxIds: inbox_ids, podIds: pod_ids } = wishOf(subscription);
  return {
    ...{ webhook_id: id, url: to, event_types: events, inbox_ids, pod_ids, secret, enabled: isEnabled, client_id },
    ...{ updated_at: updatedAt, created_at: createdAt },
  };
}
