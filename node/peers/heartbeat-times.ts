// When a peer is spoken with again. Two hosts take turns: one asks, eight seconds later the other does, and each exchange tells both that the
// other is there. So a pair needs one exchange where two were made, and silence is noticed as soon as when each asked every ten seconds.
import { GREETING_INTERVAL_MS } from '../../mesh/limits.ts';

/** After a peer has asked, it is this host's turn. */
export const TURN_MS = 8_000;
/** A peer that asks more often than its turn is asked all the same after this long: that it reaches us does not say that we reach it. */
export const OWN_QUESTION_MS_MAX = 2 * TURN_MS;
/** A peer that is heard though it was silent is asked at once, but not more often than this. */
export const RETURN_MS_MIN = 1_000;
/** By so much this host may be early when the peer has let its turn go by: two hosts that asked each other at once then part. */
const EARLY_MS_MAX = 1_000;

/** What was last exchanged with a peer, by the monotonic clock; `-Infinity`: never. */
export interface Exchanges {
  /** When the last question of this host ended, answered or not. */
  readonly ownAtMs: number;
  /** Whether it had no answer that counts. */
  readonly isFailed: boolean;
  /** When the peer last asked this host. */
  readonly heardAtMs: number;
}

/** The monotonic time at which this host asks next. `random`: in [0, 1), drawn once for each question. */
export function nextQuestionMs({ ownAtMs, isFailed, heardAtMs }: Exchanges, random: number): number {
  if (ownAtMs === -Infinity) return -Infinity;
  const isHeardSince = heardAtMs > ownAtMs;
  if (isFailed) return ownAtMs + (isHeardSince ? RETURN_MS_MIN : GREETING_INTERVAL_MS);
  if (isHeardSince) return Math.min(heardAtMs + TURN_MS, ownAtMs + OWN_QUESTION_MS_MAX);
  return ownAtMs + GREETING_INTERVAL_MS - EARLY_MS_MAX * random;
}
