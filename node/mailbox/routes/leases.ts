// Mails as work: taken by a worker for a while, then done or given back; and waiting for one.
import type { Context } from 'hono';
import { z } from 'zod';
import { pathSegment } from '../../http/input.ts';
import { MailboxError, noSuch } from '../errors.ts';
import type { Leases } from '../flow/leases.ts';
import { readForm } from '../http/input.ts';
import type { Routes } from '../http/routes.ts';
import { AT_WORK, LABELS_MAX, labelFault } from '../label.ts';
import { DELAY_SECONDS_MAX, LEASE_SECONDS_DEFAULT, LEASE_SECONDS_MAX, LEASE_SECONDS_MIN } from '../lease.ts';
import type { LeaseOutcome, LeaseQuestion } from '../lease-question.ts';
import { mailBody, timeText } from '../mail-bodies.ts';
import type { Inboxes } from '../org/inboxes.ts';

const FORM_BYTES_MAX = 64 * 1_024;
const CLAIMS_MAX = 50;
const CLAIM_WAIT_SECONDS_MAX = 30;
const WAIT_SECONDS_MAX = 60;
const WANTED_LABELS_MAX = 20;
const TEXT_CHARACTERS_MAX = 256;

const leaseSeconds = z.int().min(LEASE_SECONDS_MIN).max(LEASE_SECONDS_MAX).default(LEASE_SECONDS_DEFAULT);
const lease = z.string().min(1).max(100);
const wantedLabels = z.array(z.string().min(1).max(100)).min(1).max(WANTED_LABELS_MAX).default(['unread']);
const changedLabels = z
  .array(
    z.string().superRefine((label, { addIssue }) => {
      const fault = label === AT_WORK ? 'comes and goes with the lease' : labelFault(label);
      if (fault !== undefined) addIssue({ code: 'custom', message: fault });
    }),
  )
  .max(LABELS_MAX)
  .default([]);
const labelChange = { add_labels: changedLabels, remove_labels: changedLabels };

const claim = z.strictObject({
  worker: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[^\p{Cc}]*$/u, 'must have no control characters'),
  labels: wantedLabels,
  limit: z.int().min(1).max(CLAIMS_MAX).default(1),
  lease_seconds: leaseSeconds,
  wait_seconds: z.number().min(0).max(CLAIM_WAIT_SECONDS_MAX).default(0),
  per_thread: z.boolean().default(true),
});
const extension = z.strictObject({ lease, lease_seconds: leaseSeconds });
const completion = z.strictObject({ lease, ...labelChange });
const release = z.strictObject({
  ...{ lease, ...labelChange },
  delay_seconds: z.number().min(0).max(DELAY_SECONDS_MAX).default(0),
});
const wait = z.strictObject({
  from: z.string().min(1).max(TEXT_CHARACTERS_MAX).optional(),
  subject: z.string().min(1).max(TEXT_CHARACTERS_MAX).optional(),
  after: z.iso
    .datetime({ offset: true, error: 'must be a time, like 2026-11-28T09:00:00.000Z' })
    .transform((text) => Date.parse(text))
    .optional(),
  labels: wantedLabels,
  timeout_seconds: z.number().min(0).max(WAIT_SECONDS_MAX).default(WAIT_SECONDS_MAX),
});

export interface LeaseServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly leases: Leases;
}

const INBOX = '/api/mailbox/inboxes/:inbox_id';

export function leaseRoutes(routes: Routes, services: LeaseServices): void {
  takingRoutes(routes, services);
  endingRoutes(routes, services);
}

function takingRoutes(routes: Routes, { inboxes, leases }: LeaseServices): void {
  const inboxOf = async (c: Context) => (await inboxes.get(pathSegment(c, 'inbox_id'))).inboxId;
  const patienceOf = (c: Context, seconds: number) => ({ ms: seconds * 1_000, signal: c.req.raw.signal });

  routes.add('POST', `${INBOX}/claim`, ['message_read', 'message_update'], async (c) => {
    const { worker, labels, limit, ...asked } = await readForm(c, claim, FORM_BYTES_MAX);
    const { lease_seconds, wait_seconds, per_thread: perThread } = asked;
    const inboxId = await inboxOf(c);
    const question = {
      inboxId,
      worker,
      labels: [...new Set(labels)],
      limit,
      leaseMs: lease_seconds * 1_000,
      perThread,
    };
    const claims = await leases.claim(question, patienceOf(c, wait_seconds));
    return c.json({
      claims: claims.map(({ mail, lease: taken, attempt, untilMs, workKey }) => ({
        ...{ message: mailBody(mail), lease: taken, attempt, until: timeText(untilMs), work_key: workKey },
      })),
    });
  });

  routes.add('POST', `${INBOX}/wait`, 'message_read', async (c) => {
    const { from, subject, after: afterMs, labels, timeout_seconds } = await readForm(c, wait, FORM_BYTES_MAX);
    const question = { inboxId: await inboxOf(c), from, subject, afterMs, labels: [...new Set(labels)] };
    const mail = await leases.wait(question, patienceOf(c, timeout_seconds));
    return c.json(mail === undefined ? {} : { message: mailBody(mail) });
  });
}

function endingRoutes(routes: Routes, { inboxes, leases }: LeaseServices): void {
  const change = async (c: Context, wanted: Pick<LeaseQuestion, 'event' | 'add' | 'remove'>) => {
    const { inboxId } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const messageId = pathSegment(c, 'message_id');
    const changed = await leases.change({ inboxId, messageId, ...wanted });
    if (changed.outcome !== 'done') throw refusalOf(changed.outcome);
    const { state, untilMs } = changed.work;
    const until = state === 'held' ? { until: timeText(untilMs) } : {};
    return c.json({ message_id: messageId, labels: changed.labels, ...until });
  };

  routes.add('POST', `${INBOX}/messages/:message_id/extend`, 'message_update', async (c) => {
    const { lease: held, lease_seconds } = await readForm(c, extension, FORM_BYTES_MAX);
    const event = { kind: 'extend', lease: held, leaseMs: lease_seconds * 1_000 } as const;
    return change(c, { event, add: [], remove: [] });
  });

  routes.add('POST', `${INBOX}/messages/:message_id/complete`, 'message_update', async (c) => {
    const { lease: held, add_labels: add, remove_labels: remove } = await readForm(c, completion, FORM_BYTES_MAX);
    return change(c, { event: { kind: 'complete', lease: held }, add, remove });
  });

  routes.add('POST', `${INBOX}/messages/:message_id/release`, 'message_update', async (c) => {
    const { lease: held, delay_seconds, ...labels } = await readForm(c, release, FORM_BYTES_MAX);
    const event = { kind: 'release', lease: held, delayMs: delay_seconds * 1_000, counts: true } as const;
    return change(c, { event, add: labels.add_labels, remove: labels.remove_labels });
  });
}

function refusalOf(outcome: Exclude<LeaseOutcome['outcome'], 'done'>): MailboxError {
  switch (outcome) {
    case 'gone':
      return noSuch('message');
    case 'dead':
      return new MailboxError('race_condition', 'The lease is none of this message, or no more; nothing was changed.', {
        fix: 'Drop the work: who has claimed the message since does it, or it is done. Claim again for other work.',
      });
    case 'many':
      return new MailboxError('unprocessable', `A message has at most ${LABELS_MAX} labels.`);
  }
}
