// A part of the records in key order, as one source has it, and how a newer source is laid over an older one. Pure.
import { compareKeys, type RecordText } from './record.ts';

export interface Slice {
  /** In key order. One without a text is a key that was removed. */
  readonly records: readonly RecordText[];
  /** Whether nothing follows; otherwise the source may have more behind the last of these. */
  readonly isWhole: boolean;
}

/** What both have together; of a key that is in both, the newer one's. It ends where one of them does not know further. */
export function layOver(newer: Slice, older: Slice): Slice {
  const bound = lesser(boundOf(newer), boundOf(older));
  const records: RecordText[] = [];
  let [n, o] = [0, 0];
  for (;;) {
    const [fromNewer, fromOlder] = [newer.records[n], older.records[o]];
    const order = compareRecords(fromNewer, fromOlder);
    const record = order <= 0 ? fromNewer : fromOlder;
    if (record === undefined || (bound !== undefined && compareKeys(record.key, bound) > 0)) break;
    records.push(record);
    if (order <= 0) n += 1;
    if (order >= 0) o += 1;
  }
  return { records, isWhole: bound === undefined };
}

/** What follows all others when there is none. */
function compareRecords(one: RecordText | undefined, other: RecordText | undefined): number {
  if (one === undefined) return other === undefined ? 0 : 1;
  return other === undefined ? -1 : compareKeys(one.key, other.key);
}

function boundOf({ records, isWhole }: Slice): string | undefined {
  return isWhole ? undefined : records.at(-1)?.key;
}

function lesser(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return compareKeys(one, other) < 0 ? one : other;
}
