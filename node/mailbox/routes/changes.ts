// Labels of mails and threads, and their deletion.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import { MailboxError, noSuch } from '../errors.ts';
import { callerOf } from '../http/caller.ts';
import { readForm } from '../http/input.ts';
import { LABELS_MAX, type LabelOutcome, labelFault, type MailsMeant } from '../label.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';

const FORM_BYTES_MAX = 64 * 1_024;

const labels = z
  .union([z.string().transform((label) => [label]), z.array(z.string()).max(LABELS_MAX)])
  .optional()
  .default([]);

const change = z
  .strictObject({ add_labels: labels, remove_labels: labels })
  .refine((form) => form.add_labels.length + form.remove_labels.length > 0, 'must have add_labels or remove_labels');

export interface ChangeServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly intake: Asks<IntakeQuestions>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function changeRoutes(app: Hono, { inboxes, intake, clock }: ChangeServices): void {
  const inboxOf = async (c: Context) => (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId;
  const messageOf = async (c: Context) => ({ inboxId: await inboxOf(c), messageId: pathSegment(c, 'message_id') });
  const ownThreadOf = async (c: Context) => ({ inboxId: await inboxOf(c), threadId: pathSegment(c, 'thread_id') });
  const threadOf = async (c: Context) => ({ inboxId: callerOf(c).inboxId, threadId: pathSegment(c, 'thread_id') });

  /** `code`: what a label that can't be changed is refused with. */
  const addFor = (
    path: string,
    meantBy: (c: Context) => Promise<MailsMeant>,
    code: 'validation_error' | 'unprocessable',
  ) => {
    app.patch(path, async (c) => {
      const { add_labels: add, remove_labels: remove } = await readForm(c, change, FORM_BYTES_MAX);
      refuseLabels([...add, ...remove], code);
      const meant = await meantBy(c);
      const asked = { add, remove, ...requiredLabels(c.req.header('x-require-labels')), atMs: clock.wallMs() };
      const outcome = await intake.ask('changeLabels', { meant, change: asked });
      if (outcome.outcome !== 'done') throw refusalOf(outcome.outcome, meant);
      const id = 'messageId' in meant ? { message_id: meant.messageId } : { thread_id: meant.threadId };
      return c.json({ ...id, labels: outcome.labels });
    });

    app.delete(path, async (c) => {
      const meant = await meantBy(c);
      const outcome = await intake.ask('removeMails', { meant, atMs: clock.wallMs() });
      if (outcome !== 'done') throw refusalOf(outcome, meant);
      return c.body(null, 204);
    });
  };

  addFor('/v0/inboxes/:inbox_id/messages/:message_id', messageOf, 'validation_error');
  addFor('/v0/inboxes/:inbox_id/threads/:thread_id', ownThreadOf, 'unprocessable');
  addFor('/v0/threads/:thread_id', threadOf, 'unprocessable');
}

function refuseLabels(given: readonly string[], code: 'validation_error' | 'unprocessable'): void {
  for (const label of given) {
    const fault = labelFault(label);
    if (fault !== undefined) throw new MailboxError(code, `The label '${label.slice(0, 100)}' ${fault}.`);
  }
}

/** `unread,!processing`: labels that must be there, and those that must not. */
function requiredLabels(header = '') {
  const words = header.split(',').map((word) => word.trim());
  return {
    required: words.filter((word) => word !== '' && !word.startsWith('!')),
    excluded: words.filter((word) => word.startsWith('!')).map((word) => word.slice(1)),
  };
}

function refusalOf(outcome: Exclude<LabelOutcome['outcome'], 'done'>, meant: MailsMeant): MailboxError {
  switch (outcome) {
    case 'gone':
      return noSuch('messageId' in meant ? 'message' : 'thread');
    case 'differs':
      return new MailboxError('race_condition', 'The labels are not as X-Require-Labels says; nothing was changed.');
    case 'many':
      return new MailboxError('unprocessable', `A message has at most ${LABELS_MAX} labels.`);
    case 'large':
      return new MailboxError('unprocessable', 'The thread has more than 100 messages: change them one by one.');
  }
}
