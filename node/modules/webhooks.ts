// Subscriptions to the change log, and the deliveries that they want.
import { webhookRoutes } from '../http/routes/webhooks.ts';
import type { Figure } from '../metrics/measure.ts';
import { timedSender } from '../metrics/timed-ports.ts';
import { deliveryTimes } from '../metrics/times.ts';
import { noMailbox } from '../webhooks/delivery/request.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { openWebhooks } from '../webhooks/webhooks-module.ts';
import type { Module, Parts } from './module.ts';

/** Subscriptions and their deliveries. No attempt is made before its `run`. Rejects with `store_failed`. */
export async function openWebhookModule({ options, ports, registry, mailHooks }: Parts): Promise<Module> {
  const { config, listening, roster } = options;
  const { store, clock, random, log } = ports;
  const times = deliveryTimes();
  const webhooks = await openWebhooks({
    ...{ store, clock, random, log, listening, changes: registry.changes, hostId: roster.current().self.id },
    ...{ resolve: ports.resolveOutside, allow: config.webhookAllow, tunnel: ports.webhookTunnel },
    mailPayload: (eventId) => (mailHooks.payloadOf ?? noMailbox)(eventId),
    before: (sender) => timedSender(sender, times),
  });
  mailHooks.webhooks = webhooks;
  return {
    routes: (app) => webhookRoutes(app, webhooks),
    shown: { webhooks },
    cursorReader: webhooks.cursorReader,
    measures: [times, ...figuresOf(webhooks)],
    run: (signal) => webhooks.start(signal),
    close: () => webhooks[Symbol.asyncDispose](),
  };
}

/** All of one host's subscriptions together: each of them would be a series. */
function figuresOf(webhooks: Pick<Webhooks, 'counts'>): readonly Figure[] {
  const gauge = { kind: 'gauge' } as const;
  return [
    {
      ...gauge,
      name: 'mesh_subscriptions',
      help: 'Webhook subscriptions by whether they are enabled.',
      label: 'state',
      read: () => {
        const { all, disabled } = webhooks.counts();
        return [
          ['enabled', all - disabled],
          ['disabled', disabled],
        ];
      },
    },
    {
      ...gauge,
      name: 'mesh_subscriptions_failing',
      help: 'Enabled subscriptions whose receiver has taken nothing since it failed.',
      read: () => webhooks.counts().failing,
    },
    {
      ...gauge,
      name: 'mesh_dead_letters',
      help: 'Events that were given up for a subscription, and are kept to be replayed.',
      read: () => webhooks.counts().dead,
    },
    {
      kind: 'counter',
      name: 'mesh_dead_letters_dropped_total',
      help: 'Dead letters that had to go because there were too many; lost for their receivers.',
      read: () => webhooks.counts().deadDropped,
    },
    {
      ...gauge,
      name: 'mesh_deliveries_waiting',
      help: 'Agents of whom an event waits for a subscription: on its way, to be tried again, or held.',
      read: () => webhooks.counts().waiting,
    },
    {
      ...gauge,
      name: 'mesh_delivery_lag_entries',
      help: 'Entries of the change log that the subscription which is furthest behind has not looked at.',
      read: () => webhooks.counts().lagEntries,
    },
  ];
}
