// Many mails of an inbox at once: read, or given labels.
import type { Hono } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { readForm } from '../http/input.ts';
import { CHANGES_NOTHING, changesLabels, LABEL_MEMBERS, labelChangeOf, labelRefusal } from '../http/label-change.ts';
import { mailBody } from '../mail-bodies.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
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

export function batchRoutes(app: Hono, { inboxes, query, intake, clock }: BatchServices): void {
  app.post(`${MESSAGES}/batch-get`, async (c) => {
    const { message_ids: messageIds } = await readForm(c, reading, FORM_BYTES_MAX);
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const found = await query.ask('mailsWithIds', { inboxId, messageIds });
    return c.json({ limit: messageIds.length, count: found.length, messages: found.map(mailBody) });
  });

  app.post(`${MESSAGES}/batch-update`, async (c) => {
    const { message_ids: messageIds, ...form } = await readForm(c, changing, FORM_BYTES_MAX);
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const change = labelChangeOf(c, form, { code: 'validation_error', atMs: clock.wallMs() });
    const changed = await intake.ask('changeEach', { inboxId, messageIds, change });
    if (changed.outcome !== 'done') throw labelRefusal(changed.outcome, 'message');
    const updates = changed.updates.map(({ messageId, labels }) => ({ message_id: messageId, labels }));
    return c.json({ limit: messageIds.length, count: updates.length, updates });
  });
}
