// `/api/webhooks`: subscriptions to changes (specification, "Webhook Subscriptions").
import type { Hono } from 'hono';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { pathSegment, readJson, readJsonIfAny } from '../input.ts';
import { resource } from '../methods.ts';
import { newWebhook, rotation, webhookChange, webhookForm } from '../webhook-form.ts';
import { webhookDeliveryRoutes } from './webhook-deliveries.ts';

export function webhookRoutes(app: Hono, webhooks: Webhooks): void {
  resource(app, '/api/webhooks', {
    GET: async (c) => c.json({ webhooks: await webhooks.list() }),
    POST: async (c) => c.json(webhookForm(await webhooks.subscribe(await readJson(c, newWebhook))), 201),
  });
  resource(app, '/api/webhooks/:id', {
    GET: async (c) => c.json(webhookForm({ webhook: await webhooks.get(pathSegment(c, 'id')) })),
    PATCH: async (c) => {
      const webhook = await webhooks.patch(pathSegment(c, 'id'), await readJson(c, webhookChange));
      return c.json(webhookForm({ webhook }));
    },
    DELETE: async (c) => {
      await webhooks.remove(pathSegment(c, 'id'));
      return c.json({ success: true });
    },
  });
  resource(app, '/api/webhooks/:id/rotate-secret', {
    POST: async (c) => {
      const rotating = await readJsonIfAny(c, rotation);
      return c.json(webhookForm(await webhooks.rotateSecret(pathSegment(c, 'id'), rotating)));
    },
  });
  resource(app, '/api/webhooks/:id/test', {
    POST: async (c) => c.json(await webhooks.test(pathSegment(c, 'id'))),
  });
  webhookDeliveryRoutes(app, webhooks);
}
