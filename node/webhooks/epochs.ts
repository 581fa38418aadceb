// Which events a subscription wants, and from which entry of the log on. An entry is judged by the epoch in which it was committed,
// whenever it is read: a change of `events` alters nothing for the entries that wait.
import { MeshError } from '../../mesh/errors.ts';
import type { ChangeEntry, ChangeEvent } from '../changes/change-log.ts';
import { EPOCHS_MAX } from './limits.ts';
import type { Subscription } from './webhook-records.ts';

/** The events that the subscription wants now. */
export function eventsOf({ epochs }: Pick<Subscription, 'epochs'>): readonly ChangeEvent[] {
  return epochs.at(-1)?.events ?? [];
}

/** Whether a subscription wants an entry, as it stood when the entry was committed. */
export function wants({ epochs }: Pick<Subscription, 'epochs'>, entry: ChangeEntry): boolean {
  const epoch = epochs.findLast(({ fromSeq }) => fromSeq <= entry.seq);
  return epoch?.events.includes(entry.event) ?? false;
}

/**
 * The epochs when `events` are wanted from the entry after `head` on. An older epoch is kept as long as an entry of it, from
 * `oldestSeq` on, may be waiting. Throws `limit_exceeded` after `EPOCHS_MAX` changes that something still waits under.
 */
export function withEvents(
  { epochs }: Pick<Subscription, 'epochs'>,
  events: ChangeEvent[],
  { head, oldestSeq }: { readonly head: number; readonly oldestSeq: number },
): Subscription['epochs'] {
  const before = epochs.filter(({ fromSeq }) => fromSeq <= head);
  const used = before.filter((_, at) => (before[at + 1]?.fromSeq ?? Number.POSITIVE_INFINITY) > oldestSeq);
  if (used.length < EPOCHS_MAX) return [...used, { fromSeq: head + 1, events }];
  throw new MeshError(
    'limit_exceeded',
    `'events' was changed ${EPOCHS_MAX} times while older deliveries wait; change it again when they are done.`,
    { field: 'events' },
  );
}
