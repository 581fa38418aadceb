// When a message is tried again: doubling from half a minute to an hour. Pure: chance comes as an argument.
// Step 9 of node/send/README.md, "How a message lives".
import type { Random } from '../../../mesh/ports.ts';

/** Retry of what is transient: doubling, ±20 %. */
const RETRY_FIRST_MS = 30 * 1_000;
const RETRY_MS_MAX = 60 * 60 * 1_000;
const RETRY_JITTER = 0.2;

/** Milliseconds to wait when it was put off `deferrals` times before (0 or more), ±20 %. */
export function deferralDelayMs(deferrals: number, random: Random): number {
  return Math.round(plannedMs(deferrals) * (1 + RETRY_JITTER * (2 * random.next() - 1)));
}

/** The longest that a message which has been put off `deferrals` times (1 or more) waits now. */
export function deferralDelayMsAtMost(deferrals: number): number {
  return Math.round(plannedMs(Math.max(0, deferrals - 1)) * (1 + RETRY_JITTER));
}

function plannedMs(deferrals: number): number {
  return Math.min(RETRY_MS_MAX, RETRY_FIRST_MS * 2 ** Math.min(30, deferrals));
}
