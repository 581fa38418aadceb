// All subscriptions of a host together, in a few numbers: for whoever watches over it.
import type { Channel } from './delivery/channel.ts';

export interface SubscriptionCounts {
  readonly all: number;
  readonly disabled: number;
  /** Enabled ones whose receiver has not taken anything since it failed. */
  readonly failing: number;
  readonly dead: number;
  readonly deadDropped: number;
  /** Agents of whom an event is not settled, of each subscription. */
  readonly waiting: number;
  /** Entries of the log that the slowest of them has not read. */
  readonly lagEntries: number;
}

/** `head`: of the change log. */
export function countsOf(channels: readonly Channel[], head: number): SubscriptionCounts {
  const sum = (count: (channel: Channel) => number) => channels.reduce((all, channel) => all + count(channel), 0);
  return {
    all: channels.length,
    disabled: sum(({ isEnabled }) => (isEnabled ? 0 : 1)),
    failing: sum(({ isEnabled, endpoint }) => (isEnabled && endpoint.failingSinceMs > 0 ? 1 : 0)),
    dead: sum(({ letters }) => letters.count),
    deadDropped: sum(({ letters }) => letters.dropped),
    waiting: sum(({ lanes }) => lanes.size),
    lagEntries: channels.reduce((most, { lanes }) => Math.max(most, head - lanes.cursor), 0),
  };
}
