// What anybody may see of a subscription: neither its secrets nor the values of its headers.
import type { ChangeEvent } from '../changes/change-log.ts';
import type { Channel } from './delivery/channel.ts';
import { type Wish, wishOf } from './epochs.ts';
import type { Pending } from './lanes/backlog.ts';
import { stillLiving } from './secrets.ts';
import type { StoredReplay, Subscription } from './webhook-records.ts';

/** Moments are ISO 8601, UTC. */
export interface SubscriptionView {
  readonly id: string;
  readonly url: string;
  readonly events: readonly ChangeEvent[];
  readonly description?: string;
  readonly scope: Wish['scope'];
  /** Events of inboxes whole, as AgentMail sends them. */
  readonly format?: 'agentmail';
  /** The inboxes of whose events it is told; absent: all. */
  readonly inboxIds?: readonly string[];
  /** Pods of whose inboxes it is told, beside those. */
  readonly podIds?: readonly string[];
  /** Names of the headers that are added to each request. */
  readonly headerNames?: readonly string[];
  /** Attempts that may begin within any second. */
  readonly ratePerSecond?: number;
  /** The moments until which former secrets sign beside the present one, the newest first. */
  readonly formerSecretsUntil?: readonly string[];
  /** What is being sent again. */
  readonly replays?: readonly ReplayView[];
  readonly enabled: boolean;
  readonly disabledReason?: NonNullable<Subscription['disabledReason']>;
  readonly disabledAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly deliveries: {
    /** Events not accepted yet: on their way, or held while it is disabled. */
    readonly pending: number;
    readonly held: number;
    /** More wait than that: so many were counted. */
    readonly atLeast?: true;
    /** Events given up, kept as dead letters. */
    readonly dead: number;
    /** Dead letters that are kept no more, for there were too many. */
    readonly deadDropped?: number;
    readonly lastSuccessAt: string | null;
    /** The first failure since the last success. */
    readonly failingSince: string | null;
    /** The moment until which its receiver is left alone after failures. */
    readonly pausedUntil: string | null;
  };
}

interface ReplayView {
  readonly id: string;
  readonly status: StoredReplay['source'];
  readonly startedAt: string;
}

/** The subscription without its secrets: of headers, the names alone. `nowMs`: wall clock, which says which former secrets still sign. */
export function viewOf(
  { subscription, letters, endpoint, replays }: Channel,
  pending: Pending,
  nowMs: number,
): SubscriptionView {
  const { id, url, description, ratePerSecond, isEnabled, disabledReason, disabledAt, createdAt, updatedAt } =
    subscription;
  const { inboxIds, podIds } = wishOf(subscription);
  const headerNames = Object.keys(subscription.headers);
  const former = stillLiving(subscription, nowMs).map(({ untilMs }) => new Date(untilMs).toISOString());
  const { events: waiting, isAtLeast } = pending;
  return {
    id,
    url,
    events: wishOf(subscription).events,
    ...(description === undefined ? {} : { description }),
    scope: wishOf(subscription).scope,
    ...(subscription.format === undefined ? {} : { format: subscription.format }),
    ...(inboxIds === undefined ? {} : { inboxIds }),
    ...(podIds === undefined ? {} : { podIds }),
    ...(headerNames.length === 0 ? {} : { headerNames }),
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
    ...(former.length === 0 ? {} : { formerSecretsUntil: former }),
    ...(replays.all().length === 0 ? {} : { replays: replays.all().map(replayView) }),
    enabled: isEnabled,
    ...(disabledReason === undefined ? {} : { disabledReason }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
    createdAt,
    updatedAt,
    deliveries: {
      pending: isEnabled ? waiting : 0,
      held: isEnabled ? 0 : waiting,
      ...(isAtLeast ? { atLeast: true } : {}),
      dead: letters.count,
      ...(letters.dropped === 0 ? {} : { deadDropped: letters.dropped }),
      lastSuccessAt: momentOf(endpoint.lastSuccessMs),
      failingSince: momentOf(endpoint.failingSinceMs),
      pausedUntil: isEnabled && endpoint.pausedUntilMs > nowMs ? momentOf(endpoint.pausedUntilMs) : null,
    },
  };
}

function replayView({ id, source, startedMs }: StoredReplay): ReplayView {
  return { id, status: source, startedAt: new Date(startedMs).toISOString() };
}

function momentOf(ms: number): string | null {
  return ms > 0 ? new Date(ms).toISOString() : null;
}
