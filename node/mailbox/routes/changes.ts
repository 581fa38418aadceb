// Labels of mails and threads, and their deletion.
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import { callerOf } from '../http/caller.ts';
import { readForm } from '../http/input.ts';
import {
  CHANGES_NOTHING,
  changesLabels,
  LABEL_MEMBERS,
  labelChangeOf,
  labelRefusal,
  requiredLabels,
} from '../http/label-change.ts';
import type { MailsMeant } from '../label.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';

const FORM_BYTES_MAX = 64 * 1_024;

const change = z.strictObject(LABEL_MEMBERS).refine(changesLabels, CHANGES_NOTHING);

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
      const form = await readForm(c, change, FORM_BYTES_MAX);
      const asked = labelChangeOf(c, form, { code, atMs: clock.wallMs() });
      const meant = await meantBy(c);
      const outcome = await intake.ask('changeLabels', { meant, change: asked });
      if (outcome.outcome !== 'done') throw labelRefusal(outcome.outcome, whatIsMeant(meant));
      const id = 'messageId' in meant ? { message_id: meant.messageId } : { thread_id: meant.threadId };
      return c.json({ ...id, labels: outcome.labels });
    });

    app.delete(path, async (c) => {
      const only = requiredLabels(c);
      const meant = await meantBy(c);
      const outcome = await intake.ask('removeMails', { meant, only, atMs: clock.wallMs() });
      if (outcome !== 'done') throw labelRefusal(outcome, whatIsMeant(meant));
      return c.body(null, 204);
    });
  };

  addFor('/v0/inboxes/:inbox_id/messages/:message_id', messageOf, 'validation_error');
  addFor('/v0/inboxes/:inbox_id/threads/:thread_id', ownThreadOf, 'unprocessable');
  addFor('/v0/threads/:thread_id', threadOf, 'unprocessable');
}

function whatIsMeant(meant: MailsMeant): 'message' | 'thread' {
  return 'messageId' in meant ? 'message' : 'thread';
}
