// When a reader of an index sees no difference between two of its rows.
import type { IndexRow } from '../lookup/index-entry.ts';

/** `one`: absent where no row stood. */
export function isSameRow(one: IndexRow | undefined, other: IndexRow): boolean {
  return (
    one !== undefined &&
    one.address === other.address &&
    one.agentId === other.agentId &&
    one.agentName === other.agentName &&
    one.primary === other.primary &&
    one.displayName === other.displayName &&
    isSameMetadata(one.metadata, other.metadata)
  );
}

/** Whatever the order of its members; none is the same as an empty one. */
export function isSameMetadata(one: IndexRow['metadata'] = {}, other: IndexRow['metadata'] = {}): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}
