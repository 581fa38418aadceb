// A subscription as people meet it: what a request asks for is checked here, what an answer shows is made up here.
import { MeshError } from '../../mesh/errors.ts';
import { CHANGE_EVENTS, type ChangeEvent } from '../changes/change-log.ts';
import type { Pending } from './delivery/backlog.ts';
import type { Channel } from './delivery/channel.ts';
import { eventsOf } from './epochs.ts';
import type { Subscription } from './webhook-records.ts';

/** As `POST /api/webhooks` sends it, its form checked by the route. */
export interface SubscriptionRequest {
  readonly url: string;
  readonly events: readonly string[];
  /** Absent: one is made. */
  readonly secret?: string | undefined;
  readonly description?: string | undefined;
  readonly scope?: Subscription['scope'] | undefined;
}

export interface SubscriptionChange {
  readonly url?: string | undefined;
  readonly events?: readonly string[] | undefined;
  /** `null` removes it. */
  readonly description?: string | null | undefined;
  readonly enabled?: boolean | undefined;
}

/** What anybody may see of a subscription: never its secret. Moments are ISO 8601, UTC. */
export interface SubscriptionView {
  readonly id: string;
  readonly url: string;
  readonly events: readonly ChangeEvent[];
  readonly description?: string;
  readonly scope: Subscription['scope'];
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
    readonly lastSuccessAt: string | null;
    /** The first failure since the last success. */
    readonly failingSince: string | null;
    /** Until when its receiver is left alone after failures. */
    readonly pausedUntil: string | null;
  };
}

/** Known events, each once, in the order the specification lists them. Throws `unknown_event` that lists the known ones. */
export function parseEvents(events: readonly string[]): ChangeEvent[] {
  for (const [at, event] of events.entries()) {
    if (CHANGE_EVENTS.some((known) => known === event)) continue;
    throw new MeshError(
      'unknown_event',
      `'${event.slice(0, 100)}' is not an event of this node. Its events are: ${CHANGE_EVENTS.join(', ')}.`,
      { field: `events[${at}]`, extra: { known: CHANGE_EVENTS } },
    );
  }
  return CHANGE_EVENTS.filter((known) => events.includes(known));
}

/** The same receiver: the URL as it is requested, without the fragment nobody sends. */
export function receiverOf(url: string): string {
  const parsed = new URL(url);
  parsed.hash = '';
  return parsed.href;
}

export function viewOf({ subscription, dead, endpoint }: Channel, pending: Pending, nowMs: number): SubscriptionView {
  const { id, url, description, scope, isEnabled, disabledReason, disabledAt, createdAt, updatedAt } = subscription;
  const { events: waiting, isAtLeast } = pending;
  return {
    id,
    url,
    events: eventsOf(subscription),
    ...(description === undefined ? {} : { description }),
    scope,
    enabled: isEnabled,
    ...(disabledReason === undefined ? {} : { disabledReason }),
    ...(disabledAt === undefined ? {} : { disabledAt }),
    createdAt,
    updatedAt,
    deliveries: {
      pending: isEnabled ? waiting : 0,
      held: isEnabled ? 0 : waiting,
      ...(isAtLeast ? { atLeast: true } : {}),
      dead,
      lastSuccessAt: momentOf(endpoint.lastSuccessMs),
      failingSince: momentOf(endpoint.failingSinceMs),
      pausedUntil: isEnabled && endpoint.pausedUntilMs > nowMs ? momentOf(endpoint.pausedUntilMs) : null,
    },
  };
}

function momentOf(ms: number): string | null {
  return ms > 0 ? new Date(ms).toISOString() : null;
}
