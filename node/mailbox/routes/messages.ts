// The mails of an inbox, as they are read.
import { pathSegment } from '../../http/input.ts';
import { noSuch } from '../errors.ts';
import { deniedTo } from '../http/caller.ts';
import { readParameters } from '../http/input.ts';
import { jsonAnswer, jsonWith } from '../http/made-json.ts';
import { mailsQuestion, messageParameters } from '../http/mail-parameters.ts';
import { pageBody } from '../http/page-token.ts';
import type { Routes } from '../http/routes.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import type { AttachmentLinks } from './files.ts';

const INBOX = '/v0/inboxes/:inbox_id';

export interface MailServices {
  readonly inboxes: Pick<Inboxes, 'get' | 'idOf'>;
  readonly query: Asks<QueryQuestions>;
  readonly links: AttachmentLinks;
}

export function messageRoutes(routes: Routes, { inboxes, query, links }: MailServices): void {
  routes.add('GET', `${INBOX}/messages`, 'message_read', async (c) => {
    const { from, to, ...shared } = readParameters(c, messageParameters);
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const { question, asked } = mailsQuestion(['messages', inboxId], shared, { from, to });
    const listed = await query.ask('shownMails', { ...question, inboxId, denied: deniedTo(c) });
    return jsonWith(pageBody(question.limit, listed, asked), 'messages', listed.items);
  });

  routes.add('GET', `${INBOX}/messages/:message_id`, 'message_read', async (c) => {
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const mail = await query.ask('shownMail', { inboxId, messageId: pathSegment(c, 'message_id') });
    if (mail === undefined) throw noSuch('message');
    return jsonAnswer(mail);
  });

  routes.add('GET', `${INBOX}/messages/:message_id/raw`, 'message_read', async (c) => {
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const messageId = pathSegment(c, 'message_id');
    const octets = await query.ask('octets', { inboxId, messageId });
    if (octets === undefined) throw noSuch('message');
    const size = octets.rawSize + Buffer.byteLength(octets.trace);
    return c.json({ message_id: messageId, size, ...(await links.to(octets, c)) });
  });

  routes.add('GET', `${INBOX}/messages/:message_id/attachments/:attachment_id`, 'message_read', async (c) => {
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const [messageId, attachmentId] = [pathSegment(c, 'message_id'), pathSegment(c, 'attachment_id')];
    return c.json(await links.toPart({ inboxId, messageId, attachmentId }, c));
  });
}
