// Webhooks and their deliveries, as the document tells of them.
import { z } from 'zod';
import { CHANGE_EVENTS } from '../../changes/change-log.ts';
import { DELIVERY_STATUSES } from '../../webhooks/delivery/delivery-view.ts';
import { pageQuery } from '../page-query.ts';
import { deliveryQuery, newWebhook, replaying, rotation, webhookChange } from '../webhook-form.ts';
import { answer, count, json, moment, type PathGroup, removed } from './operation.ts';

const replaySource = z.enum(['dead', 'held', 'all']);
const view = z
  .object({
    id: z.string(),
    url: z.string(),
    events: z.array(z.enum(CHANGE_EVENTS)),
    description: z.string().optional(),
    scope: z.enum(['mesh', 'host']),
    format: z.literal('agentmail').optional(),
    inboxIds: z.array(z.string()).optional(),
    podIds: z.array(z.string()).optional(),
    headerNames: z.array(z.string()).optional(),
    ratePerSecond: z.int().optional(),
    formerSecretsUntil: z.array(moment).optional(),
    replays: z.array(z.object({ id: z.string(), status: replaySource, startedAt: moment })).optional(),
    enabled: z.boolean(),
    disabledReason: z.enum(['operator', 'gone', 'failing', 'dead_letters_full']).optional(),
    disabledAt: moment.optional(),
    createdAt: moment,
    updatedAt: moment,
    deliveries: z.object({
      pending: count,
      held: count,
      atLeast: z.literal(true).optional().meta({ description: 'More wait than that: so many were counted.' }),
      dead: count,
      deadDropped: count.optional(),
      lastSuccessAt: moment.nullable(),
      failingSince: moment.nullable(),
      pausedUntil: moment.nullable(),
    }),
  })
  .meta({ id: 'Webhook', description: 'A subscription: never its secret, and of its headers only the names.' });
const shown = view
  .safeExtend({
    webhook: view.meta({ description: 'The same once more, for clients that look here.' }),
    secret: z.string().optional().meta({ description: 'Only here, and only when this node made it.' }),
  })
  .meta({ id: 'ShownWebhook' });
const attempt = z.object({
  attempt: count,
  at: moment,
  durationMs: z.number().min(0),
  status: z.int().optional(),
  error: z.string().optional(),
});
const delivery = z
  .object({
    id: z.string().nullable(),
    seq: count,
    event: z.string().optional(),
    agent: z.object({ id: z.string(), name: z.string(), hostId: z.string() }).optional(),
    sequence: count.optional(),
    timestamp: moment.optional(),
    status: z.enum(DELIVERY_STATUSES),
    attemptCount: count.optional(),
    lastAttempt: attempt.optional(),
    nextAttemptAt: moment.optional(),
    waitsFor: count.optional(),
    diedAt: moment.optional(),
    reason: z.string().optional(),
    isReplayed: z.literal(true).optional(),
  })
  .meta({ id: 'Delivery' });
const replay = z
  .object({
    status: replaySource,
    replayId: z.string().optional(),
    matched: count,
    atLeast: z.literal(true).optional(),
    dryRun: z.literal(true).optional(),
  })
  .meta({ id: 'Replay' });
const OF_WISHES = ['url_refused', 'unknown_event', 'conflict', 'limit_exceeded'] as const;

export const webhookPaths: PathGroup = {
  tag: 'Webhooks',
  about:
    'Subscriptions to changes, and what became of each delivery. What is sent, and how it is signed, stands under webhooks.',
  paths: {
    '/api/webhooks': {
      GET: {
        id: 'listWebhooks',
        summary: 'All subscriptions',
        answers: { 200: answer('The list.', z.object({ webhooks: z.array(view) })) },
      },
      POST: {
        id: 'createWebhook',
        summary: 'Subscribes a URL to events',
        body: { content: json(newWebhook, { url: 'http://127.0.0.1:8080/hook', events: ['agent.email.changed'] }) },
        answers: { 201: answer('It is made.', shown) },
        refusals: OF_WISHES,
      },
    },
    '/api/webhooks/:id': {
      GET: { id: 'getWebhook', summary: 'One subscription', answers: { 200: answer('The subscription.', shown) } },
      PATCH: {
        id: 'changeWebhook',
        summary: 'Changes a subscription (RFC 7396)',
        body: { content: json(webhookChange, { enabled: true }) },
        answers: { 200: answer('As it is now.', shown) },
        refusals: OF_WISHES,
      },
      DELETE: { id: 'deleteWebhook', summary: 'Ends a subscription', answers: { 200: removed } },
    },
    '/api/webhooks/:id/rotate-secret': {
      POST: {
        id: 'rotateSecret',
        summary: 'A new secret; the former one signs as well for a while',
        body: { content: json(rotation, { graceSeconds: 3_600 }), mayBeLeftOut: true },
        answers: { 200: answer('The subscription, with the secret when this node made it.', shown) },
        refusals: ['limit_exceeded', 'conflict'],
      },
    },
    '/api/webhooks/:id/test': {
      POST: {
        id: 'testWebhook',
        summary: 'One signed attempt of the event `webhook.test`',
        answers: {
          200: answer(
            'What came of it.',
            z.object({
              success: z.boolean(),
              message: z.string(),
              status: z.int().optional(),
              durationMs: z.number().min(0),
            }),
          ),
        },
      },
    },
    '/api/webhooks/:id/deliveries': {
      GET: {
        id: 'listDeliveries',
        summary: 'What became of each event for a subscription, oldest first',
        query: pageQuery().extend(deliveryQuery.shape),
        answers: {
          200: answer('A page.', z.object({ deliveries: z.array(delivery), nextCursor: z.string().optional() })),
        },
      },
    },
    '/api/webhooks/:id/deliveries/:deliveryId': {
      GET: {
        id: 'getDelivery',
        summary: 'One delivery, with its attempts',
        answers: {
          200: answer(
            'The delivery.',
            z.object({
              delivery: delivery.safeExtend({ attempts: z.array(attempt) }).meta({ id: 'DeliveryWithAttempts' }),
            }),
          ),
        },
      },
    },
    '/api/webhooks/:id/deliveries/:deliveryId/retry': {
      POST: {
        id: 'retryDelivery',
        summary: 'Attempts a delivery again, now',
        answers: { 202: answer('It is attempted as soon as there is a place.', z.object({ delivery })) },
        refusals: ['conflict', 'url_refused'],
      },
    },
    '/api/webhooks/:id/replay': {
      POST: {
        id: 'replay',
        summary: 'Sends dead letters, what is held, or everything once more',
        body: { content: json(replaying, { status: 'dead', dryRun: true }) },
        answers: {
          202: answer('It is begun.', replay),
          200: answer('What would be sent: `dryRun` was asked for.', replay),
        },
        refusals: ['conflict', 'url_refused'],
      },
    },
  },
};
