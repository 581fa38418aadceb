// Threads, of one inbox or of all, as they are read.
import type { Context, Hono } from 'hono';
import { pathSegment } from '../../http/input.ts';
import { noSuch } from '../errors.ts';
import { callerOf } from '../http/caller.ts';
import { readParameters } from '../http/input.ts';
import { jsonWith, jsonWithList } from '../http/made-json.ts';
import { includedBy, mailsQuestion, threadPageParameters, threadParameters } from '../http/mail-parameters.ts';
import { pageBody, placeOf } from '../http/page-token.ts';
import { threadBody } from '../mail-bodies.ts';
import type { MailServices } from './messages.ts';

const IN_INBOX = '/v0/inboxes/:inbox_id/threads';

export function threadRoutes(app: Hono, { inboxes, query, links }: MailServices): void {
  for (const path of ['/v0/threads', IN_INBOX]) {
    const inboxOf = async (c: Context) =>
      path === IN_INBOX ? (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId : callerOf(c).inboxId;

    app.get(path, async (c) => {
      const { senders, recipients, ...shared } = readParameters(c, threadParameters);
      const inboxId =
        path === IN_INBOX ? (inboxes.idOf(pathSegment(c, 'inbox_id')) ?? (await inboxOf(c))) : callerOf(c).inboxId;
      const list = ['threads', ...(inboxId === undefined ? [] : [inboxId])];
      const { question, asked } = mailsQuestion(list, shared, { from: senders, to: recipients });
      const { count, next, json } = await query.ask('shownThreads', { ...question, inboxId });
      // Where there is a thread, there is the inbox.
      if (count === 0) await inboxOf(c);
      const page = pageBody(question.limit, { items: { length: count }, next }, asked);
      return jsonWithList(page, 'threads', json);
    });

    app.get(`${path}/:thread_id`, async (c) => {
      const { limit, page_token, ...shown } = readParameters(c, threadPageParameters);
      const [inboxId, threadId, include] = [await inboxOf(c), pathSegment(c, 'thread_id'), includedBy(shown)];
      const asked = ['thread', threadId, include];
      const place = placeOf(page_token, asked);
      const found = await query.ask('shownThread', { inboxId, threadId, include, limit, place });
      if (found === undefined) throw noSuch('thread');
      const { thread, mails } = found;
      return jsonWith({ ...threadBody(thread), ...pageBody(limit, mails, asked) }, 'messages', mails.items);
    });

    app.get(`${path}/:thread_id/attachments/:attachment_id`, async (c) => {
      const [inboxId, threadId] = [await inboxOf(c), pathSegment(c, 'thread_id')];
      const attachmentId = pathSegment(c, 'attachment_id');
      return c.json(await links.toPart({ inboxId, threadId, attachmentId }, c.req.url));
    });
  }
}
