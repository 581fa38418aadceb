// Keys of clients: made, listed, renamed, deleted; of the organization, or of one inbox.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import type { ApiKey } from '../api-key.ts';
import { callerOf, refuseInboxKey } from '../http/caller.ts';
import { PAGE_PARAMETERS, readForm, readParameters, textParameter } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Organization } from '../inbox.ts';
import { timeText } from '../mail-bodies.ts';
import type { ApiKeys } from '../org/api-keys.ts';
import type { Inboxes } from '../org/inboxes.ts';

const FORM_BYTES_MAX = 16 * 1_024;
const ALL = '/v0/api-keys';
const OF_INBOX = '/v0/inboxes/:inbox_id/api-keys';

const name = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[^\p{Cc}]*$/u, 'must have no control characters');
const creation = z.strictObject({ name: name.default('API key') });
const change = z.strictObject({ name });
const listParameters = z.strictObject({
  ...PAGE_PARAMETERS,
  type: textParameter.pipe(
    z.literal('bearer', { error: "must be 'bearer': there are no keys of another type" }).optional(),
  ),
});

export interface ApiKeyServices {
  readonly keys: ApiKeys;
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly organization: () => Promise<Organization>;
}

export function apiKeyRoutes(app: Hono, { keys, inboxes, organization }: ApiKeyServices): void {
  const bodyOf = async (key: ApiKey) => keyBody(key, (await organization()).podId);

  for (const path of [ALL, OF_INBOX]) {
    /** The inbox whose keys are meant; absent: all. */
    const inboxOf = async (c: Context) =>
      path === OF_INBOX ? (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId : callerOf(c).inboxId;
    const meantBy = async (c: Context) => ({ inboxId: await inboxOf(c), keyId: pathSegment(c, 'key_id') });

    app.get(path, async (c) => {
      const { limit, page_token, ascending } = readParameters(c, listParameters);
      const inboxId = await inboxOf(c);
      const asked = ['keys', inboxId ?? null, ascending];
      const listed = await keys.list({ inboxId, limit, isAscending: ascending, place: placeOf(page_token, asked) });
      return c.json({ ...pageBody(limit, listed, asked), api_keys: await Promise.all(listed.items.map(bodyOf)) });
    });

    app.post(path, async (c) => {
      if (path === ALL) refuseInboxKey(c, 'A key of the organization');
      const form = await readForm(c, creation, FORM_BYTES_MAX);
      const { key, text } = await keys.create({ ...form, inboxId: await inboxOf(c) });
      const { type: _, updated_at: __, ...body } = await bodyOf(key);
      return c.json({ ...body, api_key: text });
    });

    app.get(`${path}/:key_id`, async (c) => c.json(await bodyOf(await keys.get(await meantBy(c)))));

    app.patch(`${path}/:key_id`, async (c) => {
      const form = await readForm(c, change, FORM_BYTES_MAX);
      return c.json(await bodyOf(await keys.rename(await meantBy(c), form.name)));
    });

    app.delete(`${path}/:key_id`, async (c) => {
      await keys.remove(await meantBy(c));
      return c.body(null, 204);
    });
  }
}

function keyBody({ keyId, prefix, name: shown, inboxId, createdAtMs, updatedAtMs, usedAtMs }: ApiKey, podId: string) {
  return {
    ...{ type: 'bearer', api_key_id: keyId, prefix, name: shown },
    ...(inboxId === undefined ? {} : { pod_id: podId, inbox_id: inboxId }),
    used_at: usedAtMs === undefined ? undefined : timeText(usedAtMs),
    ...{ created_at: timeText(createdAtMs), updated_at: timeText(updatedAtMs) },
  };
}
