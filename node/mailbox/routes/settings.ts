// What an inbox keeps, and what it refuses, which AgentMail's clients know nothing of.
import { z } from 'zod';
import type { Clock } from '../../../mesh/ports.ts';
import { pathSegment } from '../../http/input.ts';
import { noSuch } from '../errors.ts';
import { refuseInboxKey } from '../http/caller.ts';
import { readForm } from '../http/input.ts';
import type { Routes } from '../http/routes.ts';
import { DMARC_SETTINGS, type Inbox } from '../inbox.ts';
import type { Inboxes } from '../org/inboxes.ts';
import type { Asks, IntakeQuestions } from '../questions.ts';
import { QUOTA_BYTES_DEFAULT, QUOTA_BYTES_MAX, RETENTION_DAYS_MAX } from '../retention.ts';

const FORM_BYTES_MAX = 4 * 1_024;
const PATH = '/api/mailbox/inboxes/:inbox_id/settings';

const settings = z
  .strictObject({
    retention_days: z.int().min(1).max(RETENTION_DAYS_MAX).nullable().optional(),
    quota_bytes: z.int().min(0).max(QUOTA_BYTES_MAX).nullable().optional(),
    dmarc: z.enum(DMARC_SETTINGS).optional(),
  })
  .refine(
    (form) => Object.values(form).some((value) => value !== undefined),
    'must have retention_days, quota_bytes or dmarc',
  );

export interface SettingsServices {
  readonly inboxes: Pick<Inboxes, 'get'>;
  readonly intake: Asks<IntakeQuestions>;
  /** Days for which inboxes keep mail that have set nothing; absent: for good. */
  readonly retentionDays: number | undefined;
  readonly clock: Pick<Clock, 'wallMs'>;
}

const quotaOf = (quotaBytes: number | null | undefined) => quotaBytes ?? QUOTA_BYTES_DEFAULT;

export function settingsRoutes(routes: Routes, { inboxes, intake, retentionDays, clock }: SettingsServices): void {
  const bodyOf = (inbox: Inbox) => ({
    inbox_id: inbox.inboxId,
    retention_days: inbox.retentionDays ?? retentionDays ?? null,
    quota_bytes: quotaOf(inbox.quotaBytes),
    used_bytes: inbox.usedBytes,
    dmarc: inbox.dmarc,
  });

  routes.add('GET', PATH, 'inbox_read', async (c) => c.json(bodyOf(await inboxes.get(pathSegment(c, 'inbox_id')))));

  routes.add('PUT', PATH, 'inbox_update', async (c) => {
    const form = await readForm(c, settings, FORM_BYTES_MAX);
    const { inboxId, quotaBytes: before } = await inboxes.get(pathSegment(c, 'inbox_id'));
    const { retention_days: retentionDays, quota_bytes: quotaBytes, dmarc } = form;
    // How much of the disk an inbox may fill is not for the inbox to say.
    const isRaised = quotaBytes !== undefined && quotaOf(quotaBytes) > quotaOf(before);
    if (isRaised) refuseInboxKey(c, 'To raise quota_bytes');
    const change = { inboxId, retentionDays, quotaBytes, dmarc, atMs: clock.wallMs() };
    const inbox = await intake.ask('changeSettings', change);
    if (inbox === undefined) throw noSuch('inbox');
    return c.json(bodyOf(inbox));
  });
}
