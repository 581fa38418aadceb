// Inboxes: made, listed, looked for, changed, deleted.
import type { Hono } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { callerOf, refuseInboxKey } from '../http/caller.ts';
import { exactLimitParameter, PAGE_PARAMETERS, readForm, readParameters, textParameter } from '../http/input.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Inbox, Organization } from '../inbox.ts';
import type { AddressFault } from '../org/address-faults.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Standings } from '../org/standings.ts';

const FORM_BYTES_MAX = 256 * 1_024;
const METADATA_KEYS_MAX = 256;
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
  .regex(/^[^\p{Cc}]*$/u, 'must have no control characters');

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
  q: z
    .array(z.string().min(QUERY_CHARACTERS_MIN).max(QUERY_CHARACTERS_MAX))
    .length(1)
    .transform(([text = '']) => text),
  limit: exactLimitParameter,
  page_token: textParameter,
});

export interface InboxServices {
  readonly inboxes: Inboxes;
  readonly standings: Pick<Standings, 'faultOf'>;
  readonly organization: () => Promise<Organization>;
}

export function inboxRoutes(app: Hono, { inboxes, standings, organization }: InboxServices): void {
  const bodyOf = async (inbox: Inbox) => {
    return inboxBody(inbox, (await organization()).podId, await standings.faultOf(inbox.inboxId));
  };

  app.get('/v0/inboxes', async (c) => {
    const { limit, page_token, ascending } = readParameters(c, listParameters);
    const asked = ['inboxes', ascending];
    const own = callerOf(c).inboxId;
    const after = placeOf(page_token, asked);
    const listed =
      own === undefined
        ? await inboxes.list({ limit, isAscending: ascending, after })
        : { items: [await inboxes.get(own)] };
    return c.json({ ...pageBody(limit, listed, asked), inboxes: await Promise.all(listed.items.map(bodyOf)) });
  });

  app.get('/v0/inboxes/search', async (c) => {
    const { q, limit, page_token } = readParameters(c, searchParameters);
    const asked = ['inbox search', q];
    const place = placeOf(page_token, asked);
    const listed = await inboxes.search({ text: q, inboxId: callerOf(c).inboxId, limit, place });
    return c.json({ ...pageBody(limit, listed, asked), inboxes: await Promise.all(listed.items.map(bodyOf)) });
  });

  app.post('/v0/inboxes', async (c) => {
    refuseInboxKey(c, 'A new inbox');
    const { username, domain, display_name, client_id, metadata } = await readForm(c, creation, FORM_BYTES_MAX);
    const wish = { username, domain, displayName: display_name, clientId: client_id, metadata };
    const inbox = await inboxes.create({ ...wish, agentId: c.req.header('x-agent-id') });
    return c.json(await bodyOf(inbox));
  });

  app.get('/v0/inboxes/:inbox_id', async (c) => {
    const inbox = await inboxes.get(pathSegment(c, 'inbox_id'));
    return c.json(await bodyOf(inbox));
  });

  app.patch('/v0/inboxes/:inbox_id', async (c) => {
    const { display_name, metadata } = await readForm(c, change, FORM_BYTES_MAX);
    const inbox = await inboxes.change(pathSegment(c, 'inbox_id'), { displayName: display_name, metadata });
    return c.json(await bodyOf(inbox));
  });

  app.delete('/v0/inboxes/:inbox_id', async (c) => {
    await inboxes.remove(pathSegment(c, 'inbox_id'));
    return c.body(null, 204);
  });
}

/** `fault`: why no mail comes in or goes out. */
function inboxBody(
  { inboxId, displayName, clientId, metadata, createdAtMs, updatedAtMs }: Inbox,
  podId: string,
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
