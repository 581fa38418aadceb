// How long the event at the head of a lane is worth an attempt. Pure: moments come as arguments, wall clock, milliseconds since 1970.

import type { Endpoint } from '../schedule/endpoint.ts';
import type { Subscription } from '../webhook-records.ts';
import type { Lane } from './lanes.ts';

/** A change that was not accepted this long after it happened becomes a dead letter. */
export const EVENT_LIFE_MS = 72 * 60 * 60 * 1_000;

/** The event's life begins when it happens, and anew when its subscription is enabled again. */
export function lifeEndMs({ bornMs }: Pick<Lane, 'bornMs'>, { resumedMs }: Pick<Subscription, 'resumedMs'>): number {
  return Math.max(bornMs, resumedMs) + EVENT_LIFE_MS;
}

/** Whether an event whose life ends at `endMs` is to be given up: it was attempted, or its receiver was out of reach since it happened. */
export function isExpired(
  { attempts }: Pick<Lane, 'attempts'>,
  { downMs }: Pick<Endpoint, 'downMs'>,
  { endMs, nowMs }: { readonly endMs: number; readonly nowMs: number },
): boolean {
  return nowMs >= endMs && (attempts > 0 || downMs >= endMs - EVENT_LIFE_MS);
}
