// Changes as lines of JSON, for programs that ask again and again: what there is, or what comes within a while.
import type { Clock } from '../../../mesh/ports.ts';
import type { ChangeReader } from '../../changes/change-reader.ts';

/** Bounds of one answer. */
const LINES = { changesMax: 1_000, octetsMax: 1_024 * 1_024 };
const LINE_END = Buffer.from('\n');

/** Waits at most `waitMs` for the first line, or until the signal aborts. Empty when none came. Rejects as the reader does. */
export async function changeLines(
  reader: ChangeReader,
  { waitMs, clock, signal }: { readonly waitMs: number; readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Buffer<ArrayBuffer>> {
  const untilMs = clock.monotonicMs() + waitMs;
  for (;;) {
    const changes = await reader.next(LINES);
    const leftMs = untilMs - clock.monotonicMs();
    if (changes.length > 0 || leftMs <= 0 || signal.aborted)
      return Buffer.concat(changes.flatMap(({ payload }) => [payload, LINE_END]));
    await reader.more(leftMs, signal);
  }
}
