// What a signal that asks the process to end means. The same one may come twice by the same way: from a terminal, which tells its whole
// foreground, and from npm, which passes on what it got. A node takes seconds to stop in order, so neither may cut it off. A second
// Ctrl-C is a person who does not want to wait. `mesh.js` passes signals on by a way of its own, and what comes by one way is never
// taken for the repetition of what came by another, however late it comes on a busy machine.

/** What ends a node in order; SIGHUP comes when a terminal is closed. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** By one way, a signal that comes twice for one reason does so within this time. */
const SAME_SIGNAL_MS_MAX = 1_000;

/** The signals that come by one way. */
export class SignalWay {
  #firstMs = Number.POSITIVE_INFINITY;

  /** Whether this one is a second Ctrl-C, which ends the process at once. `nowMs`: of a clock that is never set. */
  isSecondCtrlC(signal: StopSignal, nowMs: number): boolean {
    if (signal === 'SIGINT' && nowMs - this.#firstMs > SAME_SIGNAL_MS_MAX) return true;
    this.#firstMs = Math.min(this.#firstMs, nowMs);
    return false;
  }
}

/** A signal that the launcher passed on; `undefined` for any other message. */
export function parseStopSignal(message: unknown): StopSignal | undefined {
  return STOP_SIGNALS.find((signal) => signal === message);
}
