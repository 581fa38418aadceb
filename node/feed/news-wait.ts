// How a host that asks for news is kept waiting: until there is some, its time is over, or it goes away.
import type { Clock } from '../../mesh/ports.ts';
import type { ChangeLog } from '../changes/change-log.ts';

export interface NewsWait {
  readonly changes: Pick<ChangeLog, 'subscribe'>;
  readonly clock: Clock;
  readonly waitMs: number;
  /** Asked after each commit. */
  readonly isNew: () => boolean;
}

/** Resolves when there is news, after `waitMs`, or when `signal` aborts: whoever waited looks which. */
export async function waitForNews({ changes, clock, waitMs, isNew }: NewsWait, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const stop = () => done.abort();
  const unsubscribe = changes.subscribe(() => {
    if (isNew()) stop();
  });
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted) await clock.sleep(waitMs, done.signal);
  } finally {
    unsubscribe();
    signal.removeEventListener('abort', stop);
  }
}
