// Deliveries looked up: page by page, or one by its id. What the log has, was wanted, and neither waits nor died, was accepted; of the newest
// of these it is kept how.
import type { ChangeEntry, ChangeLog } from '../../changes/change-log.ts';
import type { Store } from '../../store/store.ts';
import { keptAcceptances } from '../records/acceptances.ts';
import type { DeadLetters } from '../records/dead-letters.ts';
import type { Ledger } from '../records/ledger.ts';
import { LOG_PAGE_ENTRIES_MAX } from '../records/log-pages.ts';
import type { Acceptance, DeadLetter } from '../webhook-records.ts';
import type { Channel } from './channel.ts';
import { type DeliveryStatus, type DeliveryView, deliveryView, type Known, statusOf } from './delivery-view.ts';

/** Pages of the log and of the dead letters read for one page of deliveries; then it is a short one. */
const LISTED_PAGES_MAX = 64;
/** Newest entries of the log in which a delivery is looked for by its id, and how many are read at once. */
export const SOUGHT_ENTRIES_MAX = 100_000;
const SOUGHT_PAGE_ENTRIES = 1_000;

export interface DeliveryQuery {
  /** Absent: all. */
  readonly status?: DeliveryStatus | undefined;
  /** Only what comes behind this position. */
  readonly afterSeq: number;
  readonly limit: number;
}

export interface DeliveryPage {
  readonly deliveries: readonly DeliveryView[];
  /** `afterSeq` of the next page, which may be there though this one is not full: a bounded part of the log is read for each. */
  readonly nextSeq?: number;
}

export interface DeliverySource {
  readonly changes: ChangeLog;
  readonly deadLetters: DeadLetters;
  readonly store: Pick<Store, 'load'>;
  /** What was accepted a moment ago is found once it is durable. */
  readonly ledger: Pick<Ledger, 'flush'>;
}

/** Oldest first. */
export async function listDeliveries(
  source: DeliverySource,
  channel: Channel,
  { status, afterSeq, limit }: DeliveryQuery,
): Promise<DeliveryPage> {
  const isOfOther = status === (channel.isEnabled ? 'held' : 'pending');
  if (isOfOther) return { deliveries: [] };
  const isWaiting = status === 'pending' || status === 'held';
  let seq = Math.max(afterSeq, isWaiting ? channel.lanes.oldestSeq - 1 : 0);
  const accepted = await acceptedOf(source, channel, status);
  const deliveries: DeliveryView[] = [];
  for (let pages = 0; pages < LISTED_PAGES_MAX; pages += 1) {
    const { known, to } = await readPage(source, channel.id, { seq, status });
    for (const one of known) {
      const its = statusOf(channel, one);
      if (its === undefined || (status !== undefined && its !== status)) continue;
      if (deliveries.length === limit) return { deliveries, nextSeq: deliveries.at(-1)?.seq ?? 0 };
      deliveries.push(deliveryView(channel, { ...one, accepted: accepted.get(one.seq) }, its));
    }
    if (to === undefined) return { deliveries };
    seq = to;
  }
  return { deliveries, nextSeq: seq };
}

/**
 * By `webhook-id`, which is looked for in the newest entries of the log and among the dead letters, or by position, which is found at
 * once. `undefined` when there is none.
 */
export async function findDelivery(source: DeliverySource, channel: Channel, id: string): Promise<Known | undefined> {
  const { changes, deadLetters } = source;
  const seq = /^\d{1,15}$/.test(id) ? Number(id) : await soughtSeq(changes, id);
  if (seq === undefined) return soughtLetter(deadLetters, channel.id, id);
  const letter = await deadLetters.get(channel.id, seq);
  const entry = letter?.entry ?? (await changes.read(seq - 1, 1))[0];
  const accepted = (await acceptedOf(source, channel)).get(seq);
  return { seq, letter, entry: entry?.seq === seq ? entry : undefined, accepted };
}

/** `status`: of the deliveries that are looked for. */
async function acceptedOf(
  { store, ledger }: DeliverySource,
  { id }: Channel,
  status: DeliveryStatus = 'delivered',
): Promise<ReadonlyMap<number, Acceptance>> {
  if (status !== 'delivered') return new Map();
  await ledger.flush();
  return keptAcceptances(store, id);
}

/** What follows `seq`, and up to where it is all; `to` is `undefined` when nothing comes behind it. */
async function readPage(
  { changes, deadLetters }: DeliverySource,
  subscriptionId: string,
  { seq, status }: { readonly seq: number; readonly status: DeliveryStatus | undefined },
): Promise<{ readonly known: readonly Known[]; readonly to: number | undefined }> {
  const limit = LOG_PAGE_ENTRIES_MAX;
  const isLogRead = status !== 'dead';
  const isDeadRead = status === undefined || status === 'dead' || status === 'delivered';
  const [entries, letters] = await Promise.all([
    isLogRead ? changes.read(seq, limit) : [],
    isDeadRead ? deadLetters.after(subscriptionId, seq, limit) : [],
  ]);
  const ends = [entries, letters].filter((page) => page.length === limit).map((page) => page.at(-1)?.seq ?? seq);
  const to = ends.length === 0 ? undefined : Math.min(...ends);
  return { known: merged(entries, letters).filter((one) => to === undefined || one.seq <= to), to };
}

function merged(entries: readonly ChangeEntry[], letters: readonly DeadLetter[]): readonly Known[] {
  const bySeq = new Map<number, Known>(
    entries.map((entry) => [entry.seq, { seq: entry.seq, entry, letter: undefined }]),
  );
  for (const letter of letters) {
    const entry = letter.entry ?? bySeq.get(letter.seq)?.entry;
    bySeq.set(letter.seq, { seq: letter.seq, entry, letter });
  }
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq);
}

/** The newest entries first, for they are asked about most. */
async function soughtSeq(changes: ChangeLog, id: string): Promise<number | undefined> {
  const oldest = Math.max(0, changes.head - SOUGHT_ENTRIES_MAX);
  for (let end = changes.head; end > oldest; end -= SOUGHT_PAGE_ENTRIES) {
    const from = Math.max(oldest, end - SOUGHT_PAGE_ENTRIES);
    const found = (await changes.read(from, end - from)).find((entry) => entry.id === id);
    if (found !== undefined) return found.seq;
  }
  return undefined;
}

async function soughtLetter(deadLetters: DeadLetters, subscriptionId: string, id: string): Promise<Known | undefined> {
  for (let seq = 0; ; ) {
    const letters = await deadLetters.after(subscriptionId, seq, SOUGHT_PAGE_ENTRIES);
    const letter = letters.find(({ entry }) => entry?.id === id);
    if (letter !== undefined) return { seq: letter.seq, letter, entry: letter.entry ?? undefined };
    const last = letters.at(-1);
    if (last === undefined) return undefined;
    seq = last.seq;
  }
}
