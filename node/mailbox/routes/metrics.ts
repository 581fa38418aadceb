// What is counted of mail, and how an inbox does: of one, of a pod, or of all.
import type { Clock } from '../../../mesh/ports.ts';
import { refuseScopedKey } from '../http/caller.ts';
import { readParameters } from '../http/input.ts';
import {
  eventsParameters,
  pointsOf,
  rangeOf,
  refuseWide,
  statsParameters,
  usageParameters,
  usagePeriod,
} from '../http/metric-parameters.ts';
import type { Routes, ScopedHandler } from '../http/routes.ts';
import type { Organization } from '../inbox.ts';
import { timeText } from '../mail-bodies.ts';
import { type MetricPoint, type Stats, USAGE_TYPES, type UsageType } from '../metric.ts';
import type { Asks, QueryQuestions } from '../questions.ts';
import { LEVELS, type Level, levelOf } from '../scope.ts';

export interface MetricServices {
  readonly query: Asks<QueryQuestions>;
  readonly organization: () => Promise<Organization>;
  readonly clock: Pick<Clock, 'wallMs'>;
}

const USAGE_OF: Readonly<Record<Level, readonly UsageType[]>> = {
  organization: USAGE_TYPES,
  pod: ['storage_bytes', 'message_count', 'thread_count', 'inbox_count', 'domain_count'],
  inbox: ['storage_bytes', 'message_count', 'thread_count'],
};

export function metricRoutes(routes: Routes, { query, organization, clock }: MetricServices): void {
  const events: ScopedHandler = async (c, scope) => {
    const { event_types: types, period, ...asked } = readParameters(c, eventsParameters);
    const range = pointsOf({ ...asked, period }, clock.wallMs());
    const counted = await query.ask('countedEvents', { ...range, scope, types, period: period ?? 1 });
    // What was not asked for in buckets may be cut where it says so, and not otherwise.
    if (asked.limit === undefined) for (const points of Object.values(counted)) refuseWide(points.length);
    return c.json(seriesOf(counted, range.limit, ({ at, value }) => ({ timestamp: secondText(at), count: value })));
  };

  routes.below(LEVELS, '/metrics', ({ add }) => {
    add('GET', '', 'metrics_read', events);
    add('GET', '/events', 'metrics_read', events);
    add('GET', '/usage', 'metrics_read', async (c, scope) => {
      const { usage_types: types, period, ...asked } = readParameters(c, usageParameters(USAGE_OF[levelOf(scope)]));
      const range = pointsOf({ ...asked, period }, clock.wallMs());
      const used = await query.ask('usage', { ...range, scope, types, period: period ?? usagePeriod(range) });
      return c.json(seriesOf(used, range.limit, ({ at, value }) => ({ timestamp: secondText(at), value })));
    });
  });

  const stats: ScopedHandler = async (c, scope) => {
    const { startMs, endMs } = rangeOf(readParameters(c, statsParameters), clock.wallMs());
    return c.json(statsBody(await query.ask('stats', { scope, startMs, endMs }), { startMs, endMs }));
  };
  routes.below(LEVELS, '/stats', ({ add }) => add('GET', '', 'metrics_read', stats), '/api/mailbox');

  routes.add('GET', '/v0/organizations', 'any_key', async (c) => {
    refuseScopedKey(c, 'The organization');
    const { organizationId, createdAtMs } = await organization();
    const { inboxes: inbox_count, domains: domain_count, updatedAtMs } = await query.ask('organizationCounts', null);
    return c.json({
      ...{ organization_id: organizationId, inbox_count, domain_count },
      ...{ updated_at: timeText(Math.max(updatedAtMs, createdAtMs)), created_at: timeText(createdAtMs) },
    });
  });
}

const secondText = (second: number): string => timeText(second * 1_000);

function seriesOf<Body>(
  series: Readonly<Record<string, readonly MetricPoint[]>>,
  limit: number,
  bodyOf: (point: MetricPoint) => Body,
): Readonly<Record<string, readonly Body[]>> {
  return Object.fromEntries(Object.entries(series).map(([type, points]) => [type, points.slice(0, limit).map(bodyOf)]));
}

function statsBody(
  { counts, sent, received, medianAnswerMs, unread, queueDepth }: Stats,
  { startMs, endMs }: { startMs: number; endMs: number },
) {
  const of = (type: string) => counts[type] ?? 0;
  const [completed, failed] = [of('work.done'), of('work.failed')];
  const { bounced, complained, opened, delivered } = sent.fates;
  return {
    ...{ start: timeText(startMs), end: timeText(endMs), sent: of('message.sent'), received: of('message.received') },
    held_back: ['spam', 'blocked', 'unauthenticated'].reduce((sum, kind) => sum + of(`message.received.${kind}`), 0),
    ...{ delivered: of('message.delivered'), bounced: of('message.bounced'), complained: of('message.complained') },
    ...{ rejected: of('message.rejected'), opened: of('message.opened') },
    ...{ forwarded: sent.forwarded, replied: sent.answered },
    ...{ bounce_rate: rate(bounced, sent.looked), complaint_rate: rate(complained, sent.looked) },
    ...{ open_rate: rate(opened, sent.looked), delivery_rate: rate(delivered, sent.looked) },
    ...{ reply_rate: rate(sent.answered, sent.looked), forward_rate: rate(received.passedOn, received.looked) },
    median_answer_seconds: medianAnswerMs === undefined ? undefined : medianAnswerMs / 1_000,
    ...{ work_completed: completed, work_failed: failed, work_failure_rate: rate(failed, completed + failed) },
    ...{ unread, queue_depth: queueDepth },
  };
}

/** Part of the things in `whole` of which something is true, of 1 and with four digits; `undefined` of nothing. */
function rate(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : Math.round((part / whole) * 10_000) / 10_000;
}
