// A deadline for everything a piece of work does, by our own clock: whatever the work waits for, it ends on time.
import type { Clock } from '../ports.ts';

export interface Deadline {
  readonly clock: Clock;
  readonly ms: number;
  /** Any of them gives the work up early. */
  readonly signals: readonly AbortSignal[];
  /** The error at the deadline, and when a signal aborts. */
  readonly silent: () => Error;
}

/** A reason of its own spares the making of a DOMException, with its stack, for every question asked. */
const DONE = Symbol('done');

/** Rejects at the deadline even if `work` never settles; the signal it is given is aborted then. */
export async function withDeadline<T>(
  { clock, ms, signals, silent }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signals.some((signal) => signal.aborted)) throw silent();
  const over = new AbortController();
  const done = new AbortController();
  const end = () => over.abort(silent());
  for (const signal of signals) signal.addEventListener('abort', end, { once: true });
  void clock.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) end();
  });
  try {
    return await untilAborted(over.signal, work(over.signal));
  } finally {
    done.abort(DONE);
    for (const signal of signals) signal.removeEventListener('abort', end);
  }
}

/** The promise's outcome, or the signal's reason if it aborts first. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
