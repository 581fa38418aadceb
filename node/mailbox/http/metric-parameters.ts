// The query of what is counted over time: the last 24 hours, unless it says otherwise.
import { z } from 'zod';
import { MAILBOX_EVENTS } from '../../changes/change-log.ts';
import { MailboxError, wrongField } from '../errors.ts';
import { METRIC_EVENTS, METRIC_MS_MAX, POINTS_MAX, type UsageType } from '../metric.ts';
import { PAGE_PARAMETERS, textParameter } from './input.ts';
import { listParameter, timeParameter } from './mail-parameters.ts';

const DAY_MS = 86_400_000;
const PERIOD_SECONDS_MAX = 86_400;
/** Seconds of one point of what there was, where nothing is said. */
const USAGE_PERIOD_SECONDS = 3_600;

const whole = (max: number) =>
  textParameter.pipe(
    z
      .string()
      .regex(/^[1-9]\d{0,6}$/, `must be a whole number from 1 to ${max}`)
      .transform(Number)
      .pipe(z.number().max(max))
      .optional(),
  );

const RANGE = {
  start: timeParameter,
  end: timeParameter,
  period: whole(PERIOD_SECONDS_MAX),
  limit: whole(POINTS_MAX),
  descending: PAGE_PARAMETERS.ascending,
};

/** `unnamed`: those that are meant where none is named. */
const typesOf = <Type extends string>(known: readonly Type[], unnamed = known) =>
  listParameter.pipe(z.array(z.enum(known))).transform((types) => (types.length === 0 ? unnamed : [...new Set(types)]));

export const eventsParameters = z.strictObject({ ...RANGE, event_types: typesOf(MAILBOX_EVENTS, METRIC_EVENTS) });
/** `types`: those that the scope has. */
export const usageParameters = (types: readonly UsageType[]) =>
  z.strictObject({ ...RANGE, usage_types: typesOf(types) });
export const statsParameters = z.strictObject({ start: timeParameter, end: timeParameter });

interface TimesAsked {
  readonly start?: number | undefined;
  readonly end?: number | undefined;
}

/** Milliseconds since 1970. What lies ahead ends now. Throws `validation_error`. */
export function rangeOf(
  { start, end }: TimesAsked,
  nowMs: number,
): { readonly startMs: number; readonly endMs: number } {
  const endMs = Math.min(end ?? nowMs, nowMs);
  const startMs = start ?? endMs - DAY_MS;
  if (startMs >= endMs) throw wrongField('start', 'must be before the end, and that is now at the latest');
  if (startMs < nowMs - METRIC_MS_MAX)
    throw wrongField('start', `must lie within the last ${METRIC_MS_MAX / DAY_MS} days`);
  return { startMs, endMs };
}

/** The range in seconds, and its points. Throws `validation_error`, `query_range_too_wide`. */
export function pointsOf(
  asked: TimesAsked & {
    readonly period?: number | undefined;
    readonly limit?: number | undefined;
    readonly descending: boolean;
  },
  nowMs: number,
) {
  const { startMs, endMs } = rangeOf(asked, nowMs);
  const [start, end] = [Math.floor(startMs / 1_000), Math.floor(endMs / 1_000)];
  if (asked.period !== undefined) refuseWide((end - start) / asked.period);
  return { start, end, limit: asked.limit ?? POINTS_MAX, isDescending: asked.descending };
}

/** Where no period is asked for: an hour, or as long as it takes for the range to have few points. */
export function usagePeriod({ start, end }: { readonly start: number; readonly end: number }): number {
  return Math.max(USAGE_PERIOD_SECONDS, Math.ceil((end - start) / POINTS_MAX));
}

/** Throws `query_range_too_wide` where there are more points than an answer may have. */
export function refuseWide(points: number): void {
  if (points <= POINTS_MAX) return;
  const message = `That is more than ${POINTS_MAX} points of one type.`;
  throw new MailboxError('query_range_too_wide', message, { fix: 'Ask for a longer period, or for less time.' });
}
