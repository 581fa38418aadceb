// A subscription as requests ask for it: what may be asked is checked here, and what becomes of the subscription by it.
import { isDeepStrictEqual } from 'node:util';
import { MeshError } from '../../mesh/errors.ts';
import { type ChangeEvent, MAILBOX_EVENTS } from '../changes/change-log.ts';
import { parseEvents } from '../changes/event-names.ts';
import { CUSTOM_HEADERS_MAX, type CustomHeaders, type CustomHeadersChange, mergedHeaders } from './custom-headers.ts';
import { type Wish, wishOf, withWish } from './epochs.ts';
import { GRACE_SECONDS, rotated } from './secrets.ts';
import type { Subscription } from './webhook-records.ts';

/** A subscription as `POST /api/webhooks` sends it, its form checked by the route. */
export interface SubscriptionRequest {
  readonly url: string;
  readonly events: readonly string[];
  /** Absent: one is made. */
  readonly secret?: string | undefined;
  readonly description?: string | undefined;
  readonly scope?: Wish['scope'] | undefined;
  readonly headers?: CustomHeaders | undefined;
  readonly ratePerSecond?: number | undefined;
  readonly format?: Subscription['format'] | undefined;
  /** Inboxes of whose events alone it is told; absent: of all. */
  readonly inboxIds?: readonly string[] | undefined;
  /** Pods of whose inboxes' events it is told, beside those of the inboxes. */
  readonly podIds?: readonly string[] | undefined;
  readonly ownerPodId?: string | undefined;
  readonly ownerInboxId?: string | undefined;
  readonly clientId?: string | undefined;
}

/** What is not mentioned stays; `null` removes. */
export interface SubscriptionChange {
  readonly url?: string | undefined;
  readonly events?: readonly string[] | undefined;
  readonly description?: string | null | undefined;
  readonly scope?: Wish['scope'] | undefined;
  /** `null`: of all inboxes. */
  readonly inboxIds?: readonly string[] | null | undefined;
  readonly podIds?: readonly string[] | null | undefined;
  readonly headers?: CustomHeadersChange | null | undefined;
  readonly ratePerSecond?: number | null | undefined;
  /** The former one signs as well for `GRACE_SECONDS`, as after a rotation. */
  readonly secret?: string | undefined;
  readonly enabled?: boolean | undefined;
}

/** Throws `unknown_event`, or `invalid_request` for one that has no form of AgentMail's. */
export function eventsOf({ format }: Pick<SubscriptionRequest, 'format'>, wished: readonly string[]): ChangeEvent[] {
  const events = parseEvents(wished);
  const strange = events.find((event) => !MAILBOX_EVENTS.some((known) => known === event));
  if (format === undefined || strange === undefined) return events;
  const message = `'${strange}' is not told in the form of AgentMail: of this webhook's events each is of an inbox (message.…).`;
  throw new MeshError('invalid_request', message, { field: 'events' });
}

/** Names a receiver: the URL as it is requested, without the fragment nobody sends. */
export function receiverOf(url: string): string {
  const parsed = new URL(url);
  parsed.hash = '';
  return parsed.href;
}

export interface Making {
  readonly id: string;
  readonly events: ChangeEvent[];
  readonly secret: string;
  /** The log's newest entry: the first that is not told. */
  readonly head: number;
  readonly nowMs: number;
}

/** Wants what comes after `head`, from the next entry on. `nowMs`: wall clock. */
export function newSubscription(
  request: SubscriptionRequest,
  { id, events, secret, head, nowMs }: Making,
): Subscription {
  const { url, description, scope = 'mesh', headers = {}, ratePerSecond, format, clientId } = request;
  const { ownerInboxId, ownerPodId, inboxIds, podIds } = request;
  const named = { ...optional('inboxIds', inboxIds && [...inboxIds]), ...optional('podIds', podIds && [...podIds]) };
  const at = new Date(nowMs).toISOString();
  return {
    id,
    url,
    ...optional('description', description),
    ...{ ...optional('format', format), ...optional('clientId', clientId) },
    ...{ ...optional('ownerInboxId', ownerInboxId), ...optional('ownerPodId', ownerPodId) },
    secret,
    formerSecrets: [],
    headers,
    ...optional('ratePerSecond', ratePerSecond),
    isEnabled: true,
    epochs: [{ fromSeq: head + 1, events, scope, ...named }],
    firstSeq: head + 1,
    createdAt: at,
    updatedAt: at,
    resumedMs: 0,
  };
}

export interface Changing {
  /** `change.events`, parsed. */
  readonly events: ChangeEvent[] | undefined;
  readonly head: number;
  /** The lowest position whose entry is still needed. */
  readonly oldestSeq: number;
  readonly nowMs: number;
}

/** Throws `limit_exceeded` when what was asked for is more than is kept. */
export function changedSubscription(
  subscription: Subscription,
  change: SubscriptionChange,
  { events, head, oldestSeq, nowMs }: Changing,
): Subscription {
  const { disabledReason, disabledAt, description, ratePerSecond, ...kept } = subscription;
  const at = new Date(nowMs).toISOString();
  const isEnabled = change.enabled ?? kept.isEnabled;
  const isResumed = isEnabled && !kept.isEnabled;
  const wished = wishOf(subscription);
  const inboxIds = change.inboxIds === undefined ? wished.inboxIds : change.inboxIds && [...change.inboxIds];
  const podIds = change.podIds === undefined ? wished.podIds : change.podIds && [...change.podIds];
  const wish: Wish = {
    ...{ events: events ?? wished.events, scope: change.scope ?? wished.scope },
    ...{ ...optional('inboxIds', inboxIds), ...optional('podIds', podIds) },
  };
  const isOtherWish = !isDeepStrictEqual(wish, wished);
  const headers = change.headers === undefined ? kept.headers : mergedHeaders(kept.headers, change.headers);
  if (Object.keys(headers).length > CUSTOM_HEADERS_MAX) throw tooManyHeaders();
  const graceMs = GRACE_SECONDS * 1_000;
  const secrets = change.secret === undefined ? {} : rotated(kept, { secret: change.secret, graceMs, nowMs });
  return {
    ...kept,
    ...optional('description', change.description === undefined ? description : change.description),
    ...optional('ratePerSecond', change.ratePerSecond === undefined ? ratePerSecond : change.ratePerSecond),
    ...(isEnabled ? {} : { disabledReason: disabledReason ?? 'operator', disabledAt: disabledAt ?? at }),
    isEnabled,
    url: change.url ?? kept.url,
    headers,
    ...secrets,
    epochs: isOtherWish ? withWish(kept, wish, { head, oldestSeq }) : kept.epochs,
    updatedAt: at,
    resumedMs: isResumed ? nowMs : kept.resumedMs,
  };
}

function optional<Name extends string, Value>(name: Name, value: Value | null | undefined): { [_ in Name]?: Value } {
  return value === undefined || value === null ? {} : ({ [name]: value } as { [_ in Name]?: Value });
}

function tooManyHeaders(): MeshError {
  return new MeshError('limit_exceeded', `A webhook adds at most ${CUSTOM_HEADERS_MAX} headers of its own.`, {
    field: 'headers',
  });
}
