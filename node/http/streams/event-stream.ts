// Changes as Server-Sent Events (WHATWG HTML section 9.2). Each has its cursor as `id`, by which a client that comes back goes on. An `id` without
// data moves that place on and is no event: it tells a client where it begins, and where it is when nothing that it wants has come for long.
import type { Clock } from '../../../mesh/ports.ts';
import type { ChangeReader, ToldChange } from '../../changes/change-reader.ts';

/** How often something is said when there is nothing to say: more often than proxies give up (nginx: 60 s). */
const HEARTBEAT_MS = 15_000;
/** How long a client should wait before it comes back. */
const RECONNECT_MS = 1_000;
/** Bounds of one piece: as much as a socket holds. */
const PIECE = { changesMax: 256, octetsMax: 64 * 1_024 };
const BLANK_LINE = Buffer.from('\n\n');

/** Until the signal aborts. Rejects as the reader does. */
export async function* eventStream(
  reader: ChangeReader,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(`retry: ${RECONNECT_MS}\nid: ${reader.cursor}\n\n`);
  let saidMs = clock.monotonicMs();
  for (;;) {
    const changes = await reader.next(PIECE);
    if (signal.aborted) return;
    const quietMs = clock.monotonicMs() - saidMs;
    if (changes.length === 0 && quietMs < HEARTBEAT_MS) {
      await reader.more(HEARTBEAT_MS - quietMs, signal);
      continue;
    }
    yield changes.length > 0 ? events(changes) : Buffer.from(`:\nid: ${reader.cursor}\n\n`);
    saidMs = clock.monotonicMs();
  }
}

function events(changes: readonly ToldChange[]): Uint8Array {
  return Buffer.concat(
    changes.flatMap(({ cursor, payload }) => [Buffer.from(`id: ${cursor}\ndata: `), payload, BLANK_LINE]),
  );
}
