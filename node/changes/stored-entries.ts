// Entries of the log from the disk: a stretch by positions, or own entries by places. What is trimmed while it is read is left out.
import type { LogId, Place } from '../../mesh/feed/place.ts';
import type { Store } from '../store/store.ts';
import { type ChangeEntry, isOwn, type OwnEntry } from './change-log.ts';
import {
  ENTRY_PREFIX,
  entryKey,
  holeAt,
  missingAt,
  ownKey,
  ownPrefix,
  readEntry,
  readPosition,
  seqOf,
} from './change-records.ts';

/** Entries read at once by whoever reads many: of agents with ten addresses and full metadata, about 1 MiB of JSON, which is parsed in one go. */
export const READ_AT_ONCE_ENTRIES = 32;

export interface Stretch {
  readonly after: number;
  readonly end: number;
  /** Asked again and again: what lies below has been trimmed, or is about to be. */
  readonly oldest: () => number;
}

/** Entries `after + 1` to `end`. Throws `store_failed` when one of them is missing. */
export async function readStored(
  store: Pick<Store, 'load'>,
  { after, end, oldest }: Stretch,
): Promise<readonly ChangeEntry[]> {
  const entries: ChangeEntry[] = [];
  let next = after + 1;
  for await (const page of store.load(ENTRY_PREFIX, { after: entryKey(after), limit: end - after })) {
    for (const record of page) {
      const seq = seqOf(record.key);
      if (seq > end) break;
      if (seq !== next) next = Math.max(next, Math.min(seq, oldest()));
      entries.push(readEntry(record, next));
      next += 1;
    }
  }
  if (Math.max(next, oldest()) <= end) throw holeAt(next);
  return entries;
}

/** Own entries at the places `after + 1` to `end`; `undefined` when some were trimmed. Throws `store_failed` when one is missing. */
export async function readStoredOwn(
  store: Pick<Store, 'load' | 'get'>,
  logId: LogId,
  { after, end, oldest }: Stretch,
): Promise<readonly OwnEntry[] | undefined> {
  const positions: number[] = [];
  for await (const page of store.load(ownPrefix(logId), { after: ownKey(logId, after), limit: end - after })) {
    positions.push(...page.map(readPosition));
  }
  const entries: OwnEntry[] = [];
  while (entries.length < end - after) {
    const next = positions.slice(entries.length, entries.length + READ_AT_ONCE_ENTRIES);
    const values = await Promise.all(next.map((seq) => store.get(entryKey(seq))));
    if (after < oldest() - 1) return undefined;
    if (next.length === 0) throw missingAt(after + 1 + entries.length);
    for (const [at, seq] of next.entries()) {
      const place = { logId, n: after + 1 + entries.length };
      entries.push(ownAt(place, { seq, value: values[at] }));
    }
  }
  return entries;
}

function ownAt({ logId, n }: Place, { seq, value }: { readonly seq: number; readonly value: unknown }): OwnEntry {
  const entry = value === undefined ? undefined : readEntry({ key: entryKey(seq), value }, seq);
  if (entry !== undefined && isOwn(entry) && entry.place.logId === logId && entry.place.n === n) return entry;
  throw missingAt(n);
}
