// Where a log ends, found at a start without reading more of it than its ends. `change-end` says so. A log without it, and one that a
// program of before went on with, is older than places: it gets a log id of its own, and its own entries are counted from there.
import { firstChain } from '../../mesh/feed/chain.ts';
import type { LogId } from '../../mesh/feed/place.ts';
import type { Random } from '../../mesh/ports.ts';
import { damagedRecords } from '../store/refusals.ts';
import type { Store } from '../store/store.ts';
import { isOwn } from './change-log.ts';
import {
  END_KEY,
  ENTRY_PREFIX,
  entryKey,
  holeAt,
  type LogEnd,
  missingAt,
  ownPrefix,
  readEnd,
  readEntry,
  readPosition,
  seqOf,
} from './change-records.ts';

/** A log id, as 32 hexadecimal digits: no two logs have the same. */
const LOG_ID_BYTES = 16;

export interface OpenedLog {
  readonly end: LogEnd;
  /** Whether the log id was made now. */
  readonly isNew: boolean;
  /** The lowest position whose entry is kept, and the lowest place; those that come next when there are none. */
  readonly oldestSeq: number;
  readonly oldestN: number;
}

/** `digest`: of what the index shows, asked only for a log that has none. Throws `store_failed` when the log has a hole. */
export async function openEnd(store: Store, random: Random, digest: () => string): Promise<OpenedLog> {
  const oldest = await firstAfter(store, undefined);
  const value = await store.get(END_KEY);
  const stored = value === undefined ? undefined : readEnd(value);
  if (stored !== undefined && oldest !== undefined) await expectEntry(store, stored);
  if (stored !== undefined && (await firstAfter(store, stored.seq)) === undefined) {
    const { oldestSeq = oldest ?? stored.seq + 1, oldestN, ...end } = stored;
    const foundN = await firstPlace(store, stored);
    if (oldestSeq !== (oldest ?? stored.seq + 1)) throw holeAt(oldestSeq);
    if (oldestN !== undefined && oldestN !== foundN) throw missingAt(oldestN);
    return { end, isNew: false, oldestSeq, oldestN: foundN };
  }
  const seq = await lastSeq(store, stored?.seq ?? oldest);
  const logId = newLogId(random);
  const end = { seq, logId, n: 0, chain: firstChain(logId), digest: digest() };
  return { end, isNew: true, oldestSeq: oldest ?? seq + 1, oldestN: 1 };
}

/** An id for a log that begins: 128 bits by chance, in hexadecimal. */
export function newLogId(random: Pick<Random, 'bytes'>): LogId {
  return Buffer.from(random.bytes(LOG_ID_BYTES)).toString('hex');
}

/** The newest entry must be there, and at the place that the end says. */
async function expectEntry(store: Store, { seq, logId, n, chain, digest }: LogEnd): Promise<void> {
  const value = await store.get(entryKey(seq));
  if (value === undefined) throw holeAt(seq);
  const entry = readEntry({ key: entryKey(seq), value }, seq);
  if (!isOwn(entry) || entry.place.logId !== logId) return;
  if (entry.place.n === n && entry.chain === chain && entry.digest === digest) return;
  throw damagedRecords(`The stored record '${END_KEY}' does not fit entry ${seq} of the change log`);
}

/**
 * The position of the newest entry of a log that does not say it. Such a log has no holes, so its end is found by doubling and halving: some
 * forty look-ups for a million entries. `known`: of an entry that exists; absent when there is none.
 */
async function lastSeq(store: Store, known: number | undefined): Promise<number> {
  if (known === undefined) return 0;
  const has = async (seq: number) => (await store.get(entryKey(seq))) !== undefined;
  let low = known;
  let step = 1;
  for (; await has(low + step); step *= 2) low += step;
  while (step > 1) {
    step /= 2;
    if (await has(low + step)) low += step;
  }
  if ((await firstAfter(store, low)) !== undefined) throw holeAt(low + 1);
  return low;
}

/** Position of the first stored entry after `seq`. */
async function firstAfter(store: Store, seq: number | undefined): Promise<number | undefined> {
  const options = seq === undefined ? { limit: 1 } : { after: entryKey(seq), limit: 1 };
  for await (const page of store.load(ENTRY_PREFIX, options)) {
    if (page[0] !== undefined) return seqOf(page[0].key);
  }
  return undefined;
}

/** The place of the oldest own entry that is kept. */
async function firstPlace(store: Store, { logId, n }: LogEnd): Promise<number> {
  const prefix = ownPrefix(logId);
  for await (const page of store.load(prefix, { limit: 1 })) {
    if (page[0] === undefined) continue;
    readPosition(page[0]);
    return Number(page[0].key.slice(prefix.length));
  }
  return n + 1;
}
