// What is counted of the mailbox over time, in the words of AgentMail.
import { MAILBOX_EVENTS, type MailboxEvent } from '../changes/change-log.ts';
import type { Scope } from './scope.ts';

/** Events whose counts are answered where none is named: all but the one that AgentMail's clients do not know among them. */
export const METRIC_EVENTS: readonly MailboxEvent[] = MAILBOX_EVENTS.filter((event) => event !== 'message.opened');

export const USAGE_TYPES = [
  'storage_bytes',
  'message_count',
  'thread_count',
  'inbox_count',
  'domain_count',
  'pod_count',
] as const;
export type UsageType = (typeof USAGE_TYPES)[number];

/** Milliseconds for which counts are kept, and asked for. */
export const METRIC_MS_MAX = 90 * 86_400_000;
/** Points of one answer, of each type. */
export const POINTS_MAX = 1_000;

/** Seconds since 1970, both inclusive. */
interface MetricRange {
  readonly scope: Scope;
  readonly start: number;
  readonly end: number;
  /** Seconds of one point. */
  readonly period: number;
  readonly isDescending: boolean;
}

export interface OrganizationCounts {
  readonly inboxes: number;
  readonly domains: number;
  readonly updatedAtMs: number;
}

export interface EventsCounted extends MetricRange {
  readonly types: readonly MailboxEvent[];
  /** Points of each type; one more is answered when there are more. */
  readonly limit: number;
}

export interface UsageAsked extends MetricRange {
  readonly types: readonly UsageType[];
  readonly limit: number;
}

/** `at`: seconds since 1970. */
export interface MetricPoint {
  readonly at: number;
  readonly value: number;
}

export interface StatsAsked {
  readonly scope: Scope;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
}

/** What may have become of a mail that was sent; labels of it. */
export const FATES = ['delivered', 'bounced', 'complained', 'opened'] as const;
type Fate = (typeof FATES)[number];

/** How an inbox, or several, did in some time. Mails that are looked at are those that are there, the newest alone where there are very many. */
export interface Stats {
  /** Events of each type, of which one mail may have several. */
  readonly counts: Readonly<Record<string, number>>;
  /** Mails that were sent; of these, those that were answered, those that passed a mail on, and those of each fate. */
  readonly sent: {
    readonly looked: number;
    readonly answered: number;
    readonly forwarded: number;
    readonly fates: Readonly<Record<Fate, number>>;
  };
  /** Mails that came and are not held back; of these, those behind which one was passed on in their thread. */
  readonly received: { readonly looked: number; readonly passedOn: number };
  /** Between a mail that came and the next that was sent in its thread. */
  readonly medianAnswerMs: number | undefined;
  readonly unread: number;
  readonly queueDepth: number;
}
