// `/api/webhooks`: subscriptions to changes (specification, "Webhook Subscriptions").
import type { Hono } from 'hono';
import { z } from 'zod';
import { isVerifiable } from '../../webhooks/delivery/signature.ts';
import {
  DESCRIPTION_CHARACTERS_MAX,
  EVENTS_MAX,
  SECRET_CHARACTERS_MAX,
  SECRET_CHARACTERS_MIN,
  URL_CHARACTERS_MAX,
} from '../../webhooks/limits.ts';
import type { SubscriptionView } from '../../webhooks/subscription.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';

const url = z.string().max(URL_CHARACTERS_MAX);
const events = z.array(z.string()).min(1).max(EVENTS_MAX);
const description = z.string().max(DESCRIPTION_CHARACTERS_MAX);
const secretForm = `must be ${SECRET_CHARACTERS_MIN} to ${SECRET_CHARACTERS_MAX} printable ASCII characters`;
const verifiableForm =
  'must go on in base64 (A-Z, a-z, 0-9, + and /) after whsec_, as receivers decode it; a text that is none must not begin with whsec_';
const secret = z
  .string()
  .min(SECRET_CHARACTERS_MIN, secretForm)
  .max(SECRET_CHARACTERS_MAX, secretForm)
  .regex(/^[\x20-\x7e]*$/, secretForm)
  .refine(isVerifiable, verifiableForm);

const newWebhook = z.strictObject({
  url,
  events,
  secret: secret.optional(),
  description: description.optional(),
  scope: z.enum(['mesh', 'host']).optional(),
});

const webhookChange = z.strictObject({
  url: url.optional(),
  events: events.optional(),
  description: description.nullable().optional(),
  enabled: z.boolean().optional(),
});

export function webhookRoutes(app: Hono, webhooks: Webhooks): void {
  resource(app, '/api/webhooks', {
    GET: async (c) => c.json({ webhooks: await webhooks.list() }),
    POST: async (c) => {
      const { webhook, ...made } = await webhooks.subscribe(await readJson(c, newWebhook));
      return c.json({ ...both(webhook), ...made }, 201);
    },
  });
  resource(app, '/api/webhooks/:id', {
    GET: async (c) => c.json(both(await webhooks.get(pathSegment(c, 'id')))),
    PATCH: async (c) => c.json(both(await webhooks.patch(pathSegment(c, 'id'), await readJson(c, webhookChange)))),
    DELETE: async (c) => {
      await webhooks.remove(pathSegment(c, 'id'));
      return c.json({ success: true });
    },
  });
  resource(app, '/api/webhooks/:id/test', {
    POST: async (c) => c.json(await webhooks.test(pathSegment(c, 'id'))),
  });
}

/** Flat, as the specification has it, and under `webhook`: existing clients read one or the other. */
function both(webhook: SubscriptionView): SubscriptionView & { readonly webhook: SubscriptionView } {
  return { ...webhook, webhook };
}
