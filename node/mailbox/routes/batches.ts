// Many mails of an inbox at once: read, or given labels.
import type { Context } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { deniedTo } from '../http/caller.ts';
import { readForm } from '../http/input.ts';
import { CHANGES_NOTHING, changesLabels, LABEL_MEMBERS, labelChangeOf, labelRefusal } from '../http/label-change.ts';
import type { Routes } from '../http/routes.ts';
import { mailBody } from '../mail-bodies.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
import type { WholeMail } from '../stored-mail.ts';
import type { ChangeServices } from './changes.ts';
import type { MailServices } from './messages.ts';

const FORM_BYTES_MAX = 1024 * 1_024;
const READ_MAX = 500;
const CHANGED_MAX = 50;
const MESSAGES = '/v0/inboxes/:inbox_id/messages';

const idsUpTo = (max: number) =>
  z
    .array(z.string().min(1).max(1_000))
    .min(1)
    .max(max)
    .refine((ids) => new Set(ids).size === ids.length, 'names a message more than once');
const reading = z.strictObject({ message_ids: idsUpTo(READ_MAX) });
const changing = z
  .strictObject({ message_ids: idsUpTo(CHANGED_MAX), ...LABEL_MEMBERS })
  .refine(changesLabels, CHANGES_NOTHING);

export type BatchServices = Pick<MailServices, 'inboxes' | 'query'> &
  Pick<ChangeServices, 'clock'> & { readonly intake: Asks<IntakeQuestions> };

export function batchRoutes(routes: Routes, { inboxes, query, intake, clock }: BatchServices): void {
  /** Those of the ids that are there for the caller's key. */
  const shownIds = async (c: Context, inboxId: string, messageIds: readonly string[]) => {
    if (deniedTo(c).length === 0) return messageIds;
    return readable(await query.ask('mailsWithIds', { inboxId, messageIds }), c).map(({ messageId }) => messageId);
  };

  routes.add('POST', `${MESSAGES}/batch-get`, 'message_read', async (c) => {
    const { message_ids: messageIds } = await readForm(c, reading, FORM_BYTES_MAX);
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const found = readable(await query.ask('mailsWithIds', { inboxId, messageIds }), c);
    return c.json({ limit: messageIds.length, count: found.length, messages: found.map(mailBody) });
  });

  routes.add('POST', `${MESSAGES}/batch-update`, 'message_update', async (c) => {
    const { message_ids: messageIds, ...form } = await readForm(c, changing, FORM_BYTES_MAX);
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const change = labelChangeOf(c, form, { code: 'validation_error', atMs: clock.wallMs() });
    const changed = await intake.ask('changeEach', {
      inboxId,
      messageIds: await shownIds(c, inboxId, messageIds),
      change,
    });
    if (changed.outcome !== 'done') throw labelRefusal(changed.outcome, 'message');
    const updates = changed.updates.map(({ messageId, labels }) => ({ message_id: messageId, labels }));
    return c.json({ limit: messageIds.length, count: updates.length, updates });
  });
}

function readable(mails: readonly WholeMail[], c: Context): readonly WholeMail[] {
  const denied = deniedTo(c);
  return mails.filter(({ labels }) => !denied.some((label) => labels.includes(label)));
}
