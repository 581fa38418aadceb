// Two programs that answer each other for ever are stopped: who has answered one correspondent in one thread very fast and very often waits
// for an hour. It follows from the mails that are there, so that a restart forgets nothing.

/** Answers of `QUICK_MS_MAX` within `WINDOW_MS` that are too many. */
const QUICK_ANSWERS_MAX = 10;
const QUICK_MS_MAX = 60_000;
const WINDOW_MS = 10 * 60_000;
const PAUSE_MS = 3_600_000;
/** Milliseconds for which mails matter. */
export const TURNS_MS_MAX = WINDOW_MS + PAUSE_MS;

/** A mail between an inbox and one correspondent in one thread. */
export interface Turn {
  readonly atMs: number;
  readonly isSent: boolean;
}

/** The time until which nothing goes to that correspondent; `undefined`: it may go. `turns`: of the last `TURNS_MS_MAX`, the oldest first. */
export function brakedUntilMs(turns: readonly Turn[], nowMs: number): number | undefined {
  const quick: number[] = [];
  let receivedMs = Number.NEGATIVE_INFINITY;
  let untilMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, isSent } of turns) {
    if (!isSent) receivedMs = atMs;
    else if (atMs - receivedMs < QUICK_MS_MAX) {
      quick.push(atMs);
      const tenth = quick.at(-QUICK_ANSWERS_MAX);
      if (tenth !== undefined && atMs - tenth < WINDOW_MS) untilMs = atMs + PAUSE_MS;
    }
  }
  return nowMs < untilMs ? untilMs : undefined;
}
