// Keys of clients: made, listed, changed, deleted; of the organization, of a pod, or of an inbox.
import type { Context } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import type { ApiKey } from '../api-key.ts';
import { callerOf, refuseScopedKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readForm, readParameters, textParameter } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes, ScopedRoutes } from '../http/routes.ts';
import { timeText } from '../mail-bodies.ts';
import type { ApiKeys } from '../org/api-keys.ts';
import { PERMISSIONS, type Permission } from '../permission.ts';
import { LEVELS, type Scope } from '../scope.ts';

const FORM_BYTES_MAX = 16 * 1_024;

const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'must have no control characters');
const permissions = z.strictObject(
  Object.fromEntries(PERMISSIONS.map((permission) => [permission, z.boolean().optional()])) as Record<
    Permission,
    z.ZodOptional<z.ZodBoolean>
  >,
);
const publicKey = z
  .never({ error: 'is not for this host: it makes bearer keys alone, so leave public_key out' })
  .optional();
const creation = z.strictObject({
  name: name.default('API key'),
  permissions: permissions.optional(),
  public_key: publicKey,
});
const change = z
  .strictObject({ name: name.optional(), permissions: permissions.optional() })
  .refine((form) => form.name !== undefined || form.permissions !== undefined, 'must have name or permissions');
const listParameters = z.strictObject({
  ...PAGE_PARAMETERS,
  type: textParameter.pipe(z.enum(['bearer', 'public_key'], { error: "must be 'bearer' or 'public_key'" }).optional()),
});

export interface ApiKeyServices {
  readonly keys: ApiKeys;
}

export function apiKeyRoutes(routes: Routes, { keys }: ApiKeyServices): void {
  const meantBy = (c: Context, scope: Scope) => ({ scope, keyId: pathSegment(c, 'key_id') });

  routes.below(LEVELS, '/api-keys', (at) => {
    listRoutes(at, keys);

    at.add('GET', '/:key_id', 'api_key_read', async (c, scope) => c.json(keyBody(await keys.get(meantBy(c, scope)))));

    at.add('PATCH', '/:key_id', 'api_key_update', async (c, scope) => {
      const form = await readForm(c, change, FORM_BYTES_MAX);
      return c.json(keyBody(await keys.change({ meant: meantBy(c, scope), ...form }, callerOf(c))));
    });

    at.add('DELETE', '/:key_id', 'api_key_delete', async (c, scope) => {
      await keys.remove(meantBy(c, scope), callerOf(c));
      return c.body(null, 204);
    });
  });
}

function listRoutes(at: ScopedRoutes, keys: ApiKeys): void {
  at.add('GET', '', 'api_key_read', async (c, scope) => {
    const { limit, page_token, ascending, type } = readParameters(c, listParameters);
    const asked = ['keys', scope.podId ?? null, scope.inboxId ?? null, ascending];
    const place = placeOf(page_token, asked);
    // There are no others.
    if (type === 'public_key') return c.json({ ...pageBody(limit, { items: [] }, asked), api_keys: [] });
    const listed = await keys.list({ ...scope, limit, isAscending: ascending, place });
    return c.json({ ...pageBody(limit, listed, asked), api_keys: listed.items.map(keyBody) });
  });

  at.add('POST', '', 'api_key_create', async (c, scope) => {
    if (at.level === 'organization') refuseScopedKey(c, 'A key of the organization');
    const form = await readForm(c, creation, FORM_BYTES_MAX);
    const { key, text } = await keys.create({ name: form.name, permissions: form.permissions, scope }, callerOf(c));
    const { type: _, updated_at: __, ...body } = keyBody(key);
    return c.json({ ...body, api_key: text });
  });
}

function keyBody(key: ApiKey) {
  const { keyId, prefix, podId, inboxId, usedAtMs } = key;
  return {
    ...{ type: 'bearer', api_key_id: keyId, prefix, name: key.name, pod_id: podId, inbox_id: inboxId },
    used_at: usedAtMs === undefined ? undefined : timeText(usedAtMs),
    permissions: key.permissions,
    ...{ created_at: timeText(key.createdAtMs), updated_at: timeText(key.updatedAtMs) },
  };
}
