// `/api/webhooks/:id/deliveries` and `…/replay`: what became of each event for a subscription, and how it is sent again.
import type { Context, Hono } from 'hono';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { pathSegment, readJson, validate } from '../input.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';
import { decodeQuery, readQuery } from '../query.ts';
import { deliveryQuery, replaying } from '../webhook-form.ts';

export function webhookDeliveryRoutes(app: Hono, { deliveries }: Pick<Webhooks, 'deliveries'>): void {
  resource(app, '/api/webhooks/:id/deliveries', {
    GET: async (c) => {
      const { deliveries: listed, nextSeq } = await deliveries.list(pathSegment(c, 'id'), readDeliveryQuery(c));
      return c.json({ deliveries: listed, ...(nextSeq === undefined ? {} : { nextCursor: String(nextSeq) }) });
    },
  });
  resource(app, '/api/webhooks/:id/deliveries/:deliveryId', {
    GET: async (c) => c.json({ delivery: await deliveries.get(pathSegment(c, 'id'), pathSegment(c, 'deliveryId')) }),
  });
  resource(app, '/api/webhooks/:id/deliveries/:deliveryId/retry', {
    POST: async (c) => {
      const delivery = await deliveries.retry(pathSegment(c, 'id'), pathSegment(c, 'deliveryId'));
      return c.json({ delivery }, 202);
    },
  });
  resource(app, '/api/webhooks/:id/replay', {
    POST: async (c) => {
      const { since, until, ...asked } = await readJson(c, replaying);
      const answer = await deliveries.replay(pathSegment(c, 'id'), { ...asked, sinceMs: since, untilMs: until });
      return c.json(asked.dryRun ? { ...answer, dryRun: true } : answer, asked.dryRun ? 200 : 202);
    },
  });
}

function readDeliveryQuery(c: Context) {
  const { limit, cursor } = readPage(c);
  const { status: raw } = readQuery(c.req.url, ['status']);
  const asked = { cursor, ...(raw === undefined ? {} : { status: decodeQuery(raw) }) };
  const { cursor: afterSeq, status } = validate(deliveryQuery, asked);
  return { status, afterSeq, limit };
}
