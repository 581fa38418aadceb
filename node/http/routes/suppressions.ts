// `/api/email/suppressions`: whom this host writes to no more.
import type { Hono } from 'hono';
import { suppressionRequest } from '../../send/bounces/suppressions.ts';
import type { Sending } from '../../send/send-service.ts';
import { pathSegment, readJson } from '../input.ts';
import { resource } from '../methods.ts';
import { readPage } from '../page-query.ts';

export function suppressionRoutes(app: Hono, { suppressions }: Pick<Sending, 'suppressions'>): void {
  resource(app, '/api/email/suppressions', {
    GET: (c) => {
      const { entries, nextCursor } = suppressions.list(readPage(c));
      return c.json({ suppressions: entries, ...(nextCursor === undefined ? {} : { nextCursor }) });
    },
    POST: async (c) => c.json(await suppressions.add(await readJson(c, suppressionRequest)), 201),
  });
  resource(app, '/api/email/suppressions/:address', {
    DELETE: async (c) => {
      await suppressions.remove(pathSegment(c, 'address'));
      return c.json({ success: true });
    },
  });
}
