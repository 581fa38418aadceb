// Which events a subscription wants, of which hosts, and from which entry of the log on. An entry is judged by the epoch in which it was
// committed, whenever it is read: a change of `events` or `scope` alters nothing for the entries that wait.
import { MeshError } from '../../mesh/errors.ts';
import { type ChangeEntry, isHeard } from '../changes/change-log.ts';
import type { Epoch, Subscription } from './webhook-records.ts';

/** Changes of `events` or `scope` that entries still waiting were decided under. */
export const EPOCHS_MAX = 100;

type Epochs = Pick<Subscription, 'epochs'>;
/** What an entry is judged by. */
type Wishing = Epochs & Pick<Subscription, 'ownerPodId'>;

/** What is wanted in an epoch. */
export type Wish = Omit<Epoch, 'fromSeq'>;

/** What the subscription wants now. */
export function wishOf({ epochs }: Epochs): Wish {
  const { fromSeq: _, ...wish } = epochs.at(-1) ?? { fromSeq: 0, events: [], scope: 'mesh' };
  return wish;
}

/** Whether a subscription wants an entry, as the subscription stood when the entry was committed here. */
export function wants({ epochs, ownerPodId }: Wishing, entry: ChangeEntry): boolean {
  const epoch = epochs.findLast(({ fromSeq }) => fromSeq <= entry.seq);
  if (epoch === undefined || (isHeard(entry) && epoch.scope === 'host')) return false;
  const about = 'message' in entry ? entry.message : 'domain' in entry ? entry.domain : undefined;
  if (about !== undefined && (!isOfWished(epoch, about) || isOfOther(ownerPodId, about))) return false;
  return epoch.events.some((event) => event === entry.event);
}

/** Who names inboxes and pods wants what is of either. */
function isOfWished(
  { inboxIds, podIds }: Wish,
  { inbox_id, pod_id }: { readonly inbox_id?: string; readonly pod_id?: string },
): boolean {
  if (inboxIds === undefined && podIds === undefined) return true;
  return (
    (inbox_id !== undefined && inboxIds?.includes(inbox_id) === true) ||
    (pod_id !== undefined && podIds?.includes(pod_id) === true)
  );
}

/** An inbox that a pod's webhook names may have been deleted, and its address be an inbox of another pod since. */
function isOfOther(ownerPodId: string | undefined, { pod_id }: { readonly pod_id?: string }): boolean {
  return ownerPodId !== undefined && pod_id !== undefined && pod_id !== ownerPodId;
}

/**
 * Whether a subscription wanted an entry that may long be settled. Of an epoch that nothing waits under any more nobody remembers what was
 * wanted: what the oldest epoch that is known wants counts for it.
 */
export function wanted(subscription: Wishing & Pick<Subscription, 'firstSeq'>, entry: ChangeEntry): boolean {
  const [oldest] = subscription.epochs;
  if (oldest === undefined || entry.seq < (subscription.firstSeq ?? oldest.fromSeq)) return false;
  return wants(subscription, { ...entry, seq: Math.max(entry.seq, oldest.fromSeq) });
}

/**
 * The epochs when `wish` holds from the entry after `head` on. An older epoch is kept as long as an entry of it, from
 * `oldestSeq` on, may be waiting. Throws `limit_exceeded` after `EPOCHS_MAX` changes that something still waits under.
 */
export function withWish(
  { epochs }: Epochs,
  wish: Wish,
  { head, oldestSeq }: { readonly head: number; readonly oldestSeq: number },
): Subscription['epochs'] {
  const before = epochs.filter(({ fromSeq }) => fromSeq <= head);
  const used = before.filter((_, at) => (before[at + 1]?.fromSeq ?? Number.POSITIVE_INFINITY) > oldestSeq);
  if (used.length < EPOCHS_MAX) return [...used, { fromSeq: head + 1, ...wish }];
  throw new MeshError(
    'limit_exceeded',
    `'events' and 'scope' were changed ${EPOCHS_MAX} times while older deliveries wait; change them again when those are done.`,
    { field: 'events' },
  );
}
