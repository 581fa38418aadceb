// Labels of mails and threads, and their deletion.
import type { Context } from 'hono';
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import { readForm } from '../http/input.ts';
import {
  CHANGES_NOTHING,
  changesLabels,
  LABEL_MEMBERS,
  labelChangeOf,
  labelRefusal,
  requiredLabels,
} from '../http/label-change.ts';
import type { Routes } from '../http/routes.ts';
import type { MailsMeant } from '../label.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
import { LEVELS, type Scope } from '../scope.ts';

const FORM_BYTES_MAX = 64 * 1_024;

const changeForm = z.strictObject(LABEL_MEMBERS).refine(changesLabels, CHANGES_NOTHING);

export interface ChangeServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly intake: Asks<IntakeQuestions>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

export function changeRoutes(routes: Routes, services: ChangeServices): void {
  const { inboxes } = services;
  const messages = '/v0/inboxes/:inbox_id/messages/:message_id';
  const messageOf = async (c: Context) => ({
    inboxId: (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId,
    messageId: pathSegment(c, 'message_id'),
  });
  const threadOf = (c: Context, scope: Scope) => ({ ...scope, threadId: pathSegment(c, 'thread_id') });
  routes.add('PATCH', messages, 'message_update', (c) => change(c, messageOf, services));
  routes.add('DELETE', messages, 'message_delete', (c) => remove(c, messageOf, services));
  routes.below(LEVELS, '/threads/:thread_id', (at) => {
    at.add('PATCH', '', 'message_update', (c, scope) => change(c, () => threadOf(c, scope), services));
    at.add('DELETE', '', 'message_delete', (c, scope) => remove(c, () => threadOf(c, scope), services));
  });
}

type MeantBy = (c: Context) => MailsMeant | Promise<MailsMeant>;

async function change(c: Context, meantBy: MeantBy, { intake, clock }: ChangeServices): Promise<Response> {
  const form = await readForm(c, changeForm, FORM_BYTES_MAX);
  const code = c.req.routePath.endsWith(':thread_id') ? 'unprocessable' : 'validation_error';
  const asked = labelChangeOf(c, form, { code, atMs: clock.wallMs() });
  const meant = await meantBy(c);
  const outcome = await intake.ask('changeLabels', { meant, change: asked });
  if (outcome.outcome !== 'done') throw labelRefusal(outcome.outcome, whatIsMeant(meant));
  const id = 'messageId' in meant ? { message_id: meant.messageId } : { thread_id: meant.threadId };
  return c.json({ ...id, labels: outcome.labels });
}

async function remove(c: Context, meantBy: MeantBy, { intake, clock }: ChangeServices): Promise<Response> {
  const only = requiredLabels(c);
  const meant = await meantBy(c);
  const outcome = await intake.ask('removeMails', { meant, only, atMs: clock.wallMs() });
  if (outcome !== 'done') throw labelRefusal(outcome, whatIsMeant(meant));
  return c.body(null, 204);
}

function whatIsMeant(meant: MailsMeant): 'message' | 'thread' {
  return 'messageId' in meant ? 'message' : 'thread';
}
