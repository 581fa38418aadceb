// A deadline for everything that a piece of work does, by our own clock: whatever the work waits for, the work ends on time.
// A deadline does not stop work that ignores its signal: such work goes on, and nobody hears of it any more.
import type { Clock } from '../ports.ts';

/** `late`: the time is over. `cut`: one of the signals aborted before. */
export type DeadlineEnd = 'late' | 'cut';

export interface Deadline {
  readonly clock: Clock;
  /** Milliseconds of the monotonic clock, from now. */
  readonly ms: number;
  /** Any of them gives the work up early. */
  readonly signals: readonly AbortSignal[];
  /** The reason with which the signal of the work aborts. */
  readonly silent: (end: DeadlineEnd) => Error;
}

/** A deadline under way. It must be disposed of when the work has ended; afterwards its signal does not abort any more. */
export interface RunningDeadline extends Disposable {
  readonly signal: AbortSignal;
  /** How the deadline ended the work; `undefined` when it did not. */
  readonly end: DeadlineEnd | undefined;
}

/** A reason of its own spares the making of a DOMException, with its stack, for every wait that ends in time. */
const DONE = Symbol('done');

/** Starts a deadline. Its signal has aborted already when one of `signals` has. */
export function startDeadline({ clock, ms, signals, silent }: Deadline): RunningDeadline {
  const over = new AbortController();
  const done = new AbortController();
  let end: DeadlineEnd | undefined;
  const finish = (how: DeadlineEnd) => {
    if (end !== undefined || done.signal.aborted) return;
    end = how;
    over.abort(silent(how));
  };
  const cut = () => finish('cut');
  for (const signal of signals) signal.addEventListener('abort', cut, { once: true });
  if (signals.some((signal) => signal.aborted)) cut();
  else void clock.sleep(ms, done.signal).then(() => finish('late'));
  return {
    signal: over.signal,
    get end() {
      return end;
    },
    [Symbol.dispose]: () => {
      done.abort(DONE);
      for (const signal of signals) signal.removeEventListener('abort', cut);
    },
  };
}

/** Calls `act` once, after `ms` of the clock, unless it was called off by what this returns. For who has no work to stop, but something to end. */
export function afterMs(clock: Pick<Clock, 'sleep'>, ms: number, act: () => void): () => void {
  const calledOff = new AbortController();
  void clock.sleep(ms, calledOff.signal).then(() => {
    if (!calledOff.signal.aborted) act();
  });
  return () => calledOff.abort(DONE);
}

/**
 * Gives `work` a signal that aborts at the deadline. Rejects with the signal's reason at the deadline even if the work never
 * settles, and without a beginning of the work when one of the signals has aborted already.
 */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  using running = startDeadline(deadline);
  running.signal.throwIfAborted();
  return await untilAborted(running.signal, work(running.signal));
}

/** The promise's outcome, or the signal's reason if the signal aborts first. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The promise's outcome, or `otherwise` if the signal aborts first: for who is asked with others under one deadline. */
export function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>, otherwise: T): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(otherwise);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** The promise's outcome, or `otherwise` if that is not there after `ms` of the clock. An outcome that comes later is dropped, also a failure. */
export async function withinMs<T, Otherwise>(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  promise: Promise<T>,
  otherwise: Otherwise,
): Promise<T | Otherwise> {
  const done = new AbortController();
  const late = clock.sleep(ms, done.signal).then(() => otherwise);
  try {
    return await Promise.race([promise, late]);
  } finally {
    done.abort(DONE);
  }
}
