// What time alone does to lanes: those whose time has come are ready, and those whose event's life is over are to be buried.

import type { Endpoint } from '../schedule/endpoint.ts';
import { RETRY_MS_MAX } from '../schedule/schedule.ts';
import type { Subscription } from '../webhook-records.ts';
import { isExpired, lifeEndMs } from './event-life.ts';
import type { Lane, Lanes } from './lanes.ts';

export interface Swept {
  /** Occupied: the caller buries their first events. */
  readonly expired: readonly Lane[];
  /** Wall clock: when time alone changes something again; infinite: never. */
  readonly nextMs: number;
}

/**
 * Looks at each lane that waits. `nowMs`: wall clock. `expired`: occupied, for the caller to bury; `nextMs`: when to look again, infinite
 * for never.
 */
export function sweep(
  lanes: Lanes,
  of: { readonly subscription: Subscription; readonly endpoint: Endpoint; readonly nowMs: number },
): Swept {
  const { subscription, endpoint, nowMs } = of;
  let nextMs = Number.POSITIVE_INFINITY;
  const expired: Lane[] = [];
  for (const lane of lanes.all()) {
    if (lane.state === 'busy' || lane.state === 'seeking') continue;
    const endMs = lifeEndMs(lane, subscription);
    if (isExpired(lane, endpoint, { endMs, nowMs })) {
      lanes.occupy(lane);
      expired.push(lane);
      continue;
    }
    lanes.boundDue(lane, nowMs + RETRY_MS_MAX);
    if (lane.state === 'waiting' && lane.dueMs <= nowMs) lanes.giveBack(lane);
    if (lane.state === 'waiting') nextMs = Math.min(nextMs, lane.dueMs);
    if (endMs > nowMs) nextMs = Math.min(nextMs, endMs);
  }
  return { expired, nextMs };
}
