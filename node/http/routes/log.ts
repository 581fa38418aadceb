// GET /api/log/verification: whether the change log of this host fits its chain, a part at a time; `mesh log verify` asks for all of them.
import type { Hono } from 'hono';
import { z } from 'zod';
import type { LogCheck } from '../../changes/log-check.ts';
import { validate } from '../input.ts';
import { resource } from '../methods.ts';
import { decodeQuery, readQuery } from '../query.ts';

export const part = z.object({
  after: z
    .string()
    .regex(/^\d{1,15}$/, 'must be a place: 0, or the `to` of an earlier answer')
    .transform(Number)
    .default(0),
});

export function logRoutes(app: Hono, check: Pick<LogCheck, 'part'>): void {
  resource(app, '/api/log/verification', {
    GET: async (c) => {
      const { after } = readQuery(c.req.url, ['after']);
      return c.json(await check.part(validate(part, after === undefined ? {} : { after: decodeQuery(after) }).after));
    },
  });
}
