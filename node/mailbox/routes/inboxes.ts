// Inboxes: made, listed, looked for, changed, deleted.
import type { Context } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { noSuch } from '../errors.ts';
import { callerOf, refuseInboxKey, refuseScopedKey } from '../http/caller.ts';
import {
  exactLimitParameter,
  onceParameter,
  PAGE_PARAMETERS,
  readForm,
  readParameters,
  textParameter,
} from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes, ScopedRoutes } from '../http/routes.ts';
import { type Inbox, METADATA_KEYS_MAX } from '../inbox.ts';
import type { AddressFault } from '../org/address-faults.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Pods } from '../org/pods.ts';
import type { Standings } from '../org/standings.ts';
import type { Scope } from '../scope.ts';
import { folded } from '../search-text.ts';

const FORM_BYTES_MAX = 256 * 1_024;
const METADATA_CHARACTERS_MAX = 256;
const QUERY_CHARACTERS_MIN = 2;
const QUERY_CHARACTERS_MAX = 256;

const metadataKey = z.string().min(1).max(METADATA_CHARACTERS_MAX);
const metadataValue = z.union([z.string().max(METADATA_CHARACTERS_MAX), z.number(), z.boolean()], {
  error: `must be a text of at most ${METADATA_CHARACTERS_MAX} characters, a number, true or false`,
});
const hasFewKeys = (record: object) => Object.keys(record).length <= METADATA_KEYS_MAX;
const FEW_KEYS = `must have at most ${METADATA_KEYS_MAX} keys`;

const displayName = z
  .string()
  .max(128)
  .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must have no control characters');

const creation = z.strictObject({
  username: z.string().min(1).max(64).optional(),
  domain: z.string().min(1).max(253).optional(),
  display_name: displayName.optional(),
  client_id: z
    .string()
    .regex(/^[A-Za-z0-9\-._~]{1,256}$/, 'must be 1 to 256 of A–Z, a–z, 0–9, -, ., _ and ~')
    .optional(),
  metadata: z.record(metadataKey, metadataValue).refine(hasFewKeys, FEW_KEYS).optional(),
});

const change = z
  .strictObject({
    display_name: displayName.optional(),
    metadata: z
      .record(metadataKey, metadataValue.nullable())
      .refine(hasFewKeys, FEW_KEYS)
      .refine((record) => Object.keys(record).length > 0, 'must name a key; null clears all of it')
      .nullable()
      .optional(),
  })
  .refine(
    ({ display_name, metadata }) => display_name !== undefined || metadata !== undefined,
    'must have display_name or metadata',
  );

const listParameters = z.strictObject(PAGE_PARAMETERS);
const searchParameters = z.strictObject({
  q: onceParameter
    .pipe(z.string().min(QUERY_CHARACTERS_MIN).max(QUERY_CHARACTERS_MAX))
    .refine((text) => /[^\s\p{Cc}]/u.test(folded(text)), 'must have a word'),
  limit: exactLimitParameter,
  page_token: textParameter,
});

export interface InboxServices {
  readonly inboxes: Inboxes;
  readonly pods: Pick<Pods, 'find'>;
  readonly standings: Pick<Standings, 'faultOf'>;
}

type BodyOf = (inbox: Inbox) => Promise<object>;

export function inboxRoutes(routes: Routes, services: InboxServices): void {
  const bodyOf: BodyOf = async (inbox) => inboxBody(inbox, await services.standings.faultOf(inbox));
  routes.below(['organization', 'pod'], '/inboxes', (at) => {
    listRoutes(at, services, bodyOf);
    oneInboxRoutes(at, services, bodyOf);
  });
}

function listRoutes(at: ScopedRoutes, { inboxes, pods }: InboxServices, bodyOf: BodyOf): void {
  at.add('GET', '', 'inbox_read', async (c, scope) => {
    const { limit, page_token, ascending } = readParameters(c, listParameters);
    const asked = ['inboxes', ascending, ...nameOf(scope)];
    const listed = await inboxes.list({ ...scope, limit, isAscending: ascending, after: placeOf(page_token, asked) });
    return c.json({ ...pageBody(limit, listed, asked), inboxes: await Promise.all(listed.items.map(bodyOf)) });
  });

  at.add('GET', '/search', 'inbox_read', async (c, scope) => {
    const { q, limit, page_token } = readParameters(c, searchParameters);
    const asked = ['inbox search', q, ...nameOf(scope)];
    const listed = await inboxes.search({ ...scope, text: q, limit, place: placeOf(page_token, asked) });
    return c.json({ ...pageBody(limit, listed, asked), inboxes: await Promise.all(listed.items.map(bodyOf)) });
  });

  at.add('POST', '', 'inbox_create', async (c, { podId }) => {
    refuseInboxKey(c, 'A new inbox');
    const isOfPod = callerOf(c).podId !== undefined;
    const agentId = c.req.header('x-agent-id');
    if (agentId !== undefined) refuseScopedKey(c, 'An inbox of a certain agent');
    const { username, domain, display_name, client_id, metadata } = await readForm(c, creation, FORM_BYTES_MAX);
    const pod = podId === undefined ? undefined : await pods.find(podId);
    if (podId !== undefined && pod === undefined) throw noSuch('pod');
    const wish = { username, domain, displayName: display_name, clientId: client_id, metadata };
    return c.json(await bodyOf(await inboxes.create({ ...wish, pod, isOfPod, agentId })));
  });
}

function oneInboxRoutes(at: ScopedRoutes, { inboxes }: InboxServices, bodyOf: BodyOf): void {
  const meantBy = (c: Context) => pathSegment(c, 'inbox_id');

  at.add('GET', '/:inbox_id', 'inbox_read', async (c) => c.json(await bodyOf(await inboxes.get(meantBy(c)))));

  at.add('PATCH', '/:inbox_id', 'inbox_update', async (c) => {
    const { display_name, metadata } = await readForm(c, change, FORM_BYTES_MAX);
    return c.json(await bodyOf(await inboxes.change(meantBy(c), { displayName: display_name, metadata })));
  });

  at.add('DELETE', '/:inbox_id', 'inbox_delete', async (c) => {
    await inboxes.remove(meantBy(c));
    return c.body(null, 204);
  });
}

function nameOf({ podId, inboxId }: Scope): readonly string[] {
  return [podId, inboxId].filter((id) => id !== undefined);
}

/** `fault`: why no mail comes in or goes out. */
function inboxBody(
  { inboxId, podId, displayName, clientId, metadata, createdAtMs, updatedAtMs }: Inbox,
  fault: AddressFault | undefined,
) {
  return {
    ...{ pod_id: podId, inbox_id: inboxId, id: inboxId, email: inboxId },
    ...{
      display_name: displayName,
      client_id: clientId,
      metadata,
      unavailable: fault && unavailableBody(inboxId, fault),
    },
    updated_at: new Date(updatedAtMs).toISOString(),
    created_at: new Date(createdAtMs).toISOString(),
  };
}

function unavailableBody(inboxId: string, { code, why, fix }: AddressFault) {
  return { code, message: `'${inboxId}' neither gets mail nor sends any: ${why}.`, fix };
}
