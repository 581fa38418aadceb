// When an attempt is made again: what an outcome means, the delays, `Retry-After`. Pure: time and chance come as arguments.
// Step 7 of node/webhooks/README.md, "A delivery, step by step".
import type { Random } from '../../../mesh/ports.ts';
import type { Outcome, SendError } from './outcome.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Standard Webhooks' schedule: attempt n follows this long after attempt n - 1 failed; the last one repeats. */
const RETRY_DELAYS_MS = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
] as const;
/** Share by which each delay is shortened or lengthened at random. */
const RETRY_JITTER = 0.2;
/**
 * An attempt that a crash interrupted is made again after the first of these, and after twice as long for each more in a row: the delivery
 * may be innocent, or what the node dies of.
 */
const INTERRUPTED_MS_MIN = 5 * SECOND_MS;
const INTERRUPTED_MS_MAX = 5 * MINUTE_MS;
/** `Retry-After` lengthens a delay to at most this. */
const RETRY_AFTER_MS_MAX = 24 * HOUR_MS;
/** The longest wait there is; a due time further off than this was made by a clock that has since stepped back. */
export const RETRY_MS_MAX = 24 * HOUR_MS * (1 + RETRY_JITTER);

export type Verdict =
  | { readonly kind: 'accepted' }
  /** 410: the receiver wants nothing any more. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'failed';
      /** Whether the failure is of the whole endpoint (unreachable, overloaded), not of this one event. */
      readonly isEndpoint: boolean;
      /** The wait that the receiver asked for by `Retry-After`, bounded; 0 when it did not. */
      readonly retryAfterMs: number;
    };

/** What this node fails at before there is a request. */
const OURS: readonly SendError[] = ['internal_error', 'mailbox_unavailable'];

/** Statuses by which a server says that it is the server, not the request: RFC 6585 §4, RFC 9110 §15.6.3–5. */
const ENDPOINT_STATUSES: readonly number[] = [429, 502, 503, 504];

/** What an outcome means. Success is any 2xx, by the status line alone; a redirect is a failure. `nowMs`: wall clock. */
export function judge(outcome: Outcome, nowMs: number): Verdict {
  // What this node fails at says nothing of the endpoint.
  const isOurs = outcome.kind === 'failed' && OURS.includes(outcome.error);
  if (outcome.kind === 'failed') return { kind: 'failed', isEndpoint: !isOurs, retryAfterMs: 0 };
  if (outcome.status >= 200 && outcome.status <= 299) return { kind: 'accepted' };
  if (outcome.status === 410) return { kind: 'gone' };
  const isEndpoint = ENDPOINT_STATUSES.includes(outcome.status);
  return { kind: 'failed', isEndpoint, retryAfterMs: parseRetryAfter(outcome.retryAfter, nowMs) };
}

/** Milliseconds to wait after `failures` failed attempts in a row, by the schedule, ±20 %. */
export function retryDelayMs(failures: number, random: Random): number {
  const at = Math.min(Math.max(0, failures), RETRY_DELAYS_MS.length - 1);
  return jittered(RETRY_DELAYS_MS[at] ?? 0, random);
}

/** Milliseconds to wait after a crash interrupted the newest `interruptions` attempts, one or more, ±20 %. */
export function interruptedDelayMs(interruptions: number, random: Random): number {
  return jittered(Math.min(INTERRUPTED_MS_MIN * 2 ** (interruptions - 1), INTERRUPTED_MS_MAX), random);
}

function jittered(ms: number, random: Random): number {
  return Math.round(ms * (1 + RETRY_JITTER * (2 * random.next() - 1)));
}

/** `Retry-After` in seconds or as an HTTP date (RFC 9110 §10.2.3), as milliseconds from now, at most 24 h; 0 when unreadable. */
export function parseRetryAfter(text: string | undefined, nowMs: number): number {
  if (text === undefined) return 0;
  const trimmed = text.trim();
  const waitMs = /^\d+$/.test(trimmed) ? Number(trimmed) * 1_000 : httpDateMs(trimmed) - nowMs;
  return waitMs > 0 ? Math.min(waitMs, RETRY_AFTER_MS_MAX) : 0;
}

/** The three date forms of RFC 9110 §5.6.7; all are UTC, though the last (asctime) does not say so. NaN for anything else. */
function httpDateMs(text: string): number {
  if (/^[A-Z][a-z]+, \d\d[ -][A-Z][a-z]{2}[ -]\d{2,4} \d\d:\d\d:\d\d GMT$/.test(text)) return Date.parse(text);
  if (/^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/.test(text)) return Date.parse(`${text} GMT`);
  return Number.NaN;
}
