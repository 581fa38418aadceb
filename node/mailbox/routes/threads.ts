// Threads, of an inbox, of a pod or of all, as they are read.
import { pathSegment } from '../../http/input.ts';
import { noSuch } from '../errors.ts';
import { deniedTo } from '../http/caller.ts';
import { readParameters } from '../http/input.ts';
import { jsonWith, jsonWithList } from '../http/made-json.ts';
import { includedBy, mailsQuestion, threadPageParameters, threadParameters } from '../http/mail-parameters.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import type { Routes } from '../http/routes.ts';
import { threadBody } from '../mail-bodies.ts';
import { LEVELS } from '../scope.ts';
import type { MailServices } from './messages.ts';

export function threadRoutes(routes: Routes, { query, links }: MailServices): void {
  routes.below(LEVELS, '/threads', (at) => {
    at.addUnlooked('GET', '', 'message_read', async (c, { podId, inboxId }, look) => {
      const { senders, recipients, ...shared } = readParameters(c, threadParameters);
      const scope = inboxId === undefined ? { podId } : { inboxId };
      const list = ['threads', ...Object.values(scope).filter((id) => id !== undefined)];
      const { question, asked } = mailsQuestion(list, shared, { from: senders, to: recipients });
      const { count, next, json } = await query.ask('shownThreads', { ...question, ...scope, denied: deniedTo(c) });
      // Where there is a thread, there is the inbox.
      if (count === 0) await look();
      const page = pageBody(question.limit, { items: { length: count }, next }, asked);
      return jsonWithList(page, 'threads', json);
    });

    at.add('GET', '/:thread_id', 'message_read', async (c, scope) => {
      const { limit, page_token, ...shown } = readParameters(c, threadPageParameters);
      const [threadId, include] = [pathSegment(c, 'thread_id'), includedBy(shown)];
      const asked = ['thread', threadId, include];
      const place = placeOf(page_token, asked);
      const found = await query.ask('shownThread', { ...scope, threadId, include, limit, place });
      if (found === undefined) throw noSuch('thread');
      const { thread, mails } = found;
      return jsonWith({ ...threadBody(thread), ...pageBody(limit, mails, asked) }, 'messages', mails.items);
    });

    at.add('GET', '/:thread_id/attachments/:attachment_id', 'message_read', async (c, scope) => {
      const [threadId, attachmentId] = [pathSegment(c, 'thread_id'), pathSegment(c, 'attachment_id')];
      return c.json(await links.toPart({ ...scope, threadId, attachmentId }, c));
    });
  });
}
