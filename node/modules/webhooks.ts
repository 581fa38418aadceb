// Subscriptions to the change log, and the deliveries that they want.
import { webhookRoutes } from '../http/routes/webhooks.ts';
import { openWebhooks } from '../webhooks/webhooks-module.ts';
import type { Module, Parts } from './module.ts';

export async function openWebhookModule({ options, ports, registry }: Parts): Promise<Module> {
  const { config, listening, roster } = options;
  const { store, clock, random, log } = ports;
  const webhooks = await openWebhooks({
    ...{ store, clock, random, log, listening, changes: registry.changes, hostId: roster.current().self.id },
    ...{ resolve: ports.resolveOutside, allow: config.webhookAllow, tunnel: ports.webhookTunnel },
  });
  return {
    routes: (app) => webhookRoutes(app, webhooks),
    holder: webhooks.holder,
    run: (signal) => webhooks.start(signal),
    close: () => webhooks[Symbol.asyncDispose](),
  };
}
