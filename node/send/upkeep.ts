// What is forgotten in the background: messages that ended long ago, their idempotency keys, and blobs that no message needs.
import type { Clock } from '../../mesh/ports.ts';
import type { BlobStore } from './attachments/blob-store.ts';
import type { Queue } from './queue/queue.ts';

/** How often what ended long ago is looked for. */
const TRIM_INTERVAL_MS = 10 * 60 * 1_000;

interface UpkeepParts {
  readonly queue: Pick<Queue, 'trim' | 'blobs'>;
  readonly blobs: Pick<BlobStore, 'sweep'>;
  readonly clock: Clock;
}

/** At once and then every ten minutes, until `signal` aborts. Rejects when the store fails. */
export async function keepTidy({ queue, blobs, clock }: UpkeepParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await queue.trim();
    await blobs.sweep((blob) => queue.blobs.needs(blob));
    await clock.sleep(TRIM_INTERVAL_MS, signal);
  }
}
