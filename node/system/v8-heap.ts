// Gives back to the system what loading left behind: for each record that stays in memory, its text and the parts of it were
// made as well, and V8 keeps the room they took (150 MB after 100,000 addresses) until it is short of memory.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Below this it is not worth the pause. */
const FREE_BYTES_MIN = 64 * 1_024 * 1_024;
/**
 * A heap that is larger is compacted in any case: up to a half of it is garbage that V8 has not looked at yet and counts as used. That of a node
 * without agents stays below two thirds of this.
 */
const HEAP_BYTES_MIN = 96 * 1_024 * 1_024;

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/** Compacts the heap if much of it is free, or it is large: one pause, of about a second for a million addresses. To be called once, after a start. */
export function compactHeap(): void {
  const { total_heap_size: total, used_heap_size: used } = getHeapStatistics();
  if (total - used < FREE_BYTES_MIN && total < HEAP_BYTES_MIN) return;
  // The only way to V8's collector from inside; the function is not put into any global object.
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as CollectGarbage;
  setFlagsFromString('--no-expose-gc');
  collectGarbage({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
