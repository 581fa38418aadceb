// A mail as a page that a browser may show, which AgentMail's clients know nothing of.
import { pathSegment } from '../../http/input.ts';
import { noSuch } from '../errors.ts';
import type { Routes } from '../http/routes.ts';
import { PAGE_POLICY } from '../text/safe-page.ts';
import type { MailServices } from './messages.ts';

export function previewRoutes(routes: Routes, { inboxes, query }: Pick<MailServices, 'inboxes' | 'query'>): void {
  routes.add('GET', '/api/mailbox/inboxes/:inbox_id/messages/:message_id/preview', 'message_read', async (c) => {
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const page = await query.ask('preview', { inboxId, messageId: pathSegment(c, 'message_id') });
    if (page === undefined) throw noSuch('message');
    return c.body(page, 200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': PAGE_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'private, no-store',
    });
  });
}
