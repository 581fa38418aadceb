// When a peer is spoken with again. Two hosts take turns: one asks, eight seconds later the other does, and each exchange tells both that the
// other is there. So a pair needs one exchange where two were made, and silence is noticed as soon as when each asked every ten seconds.
import { GREETING_INTERVAL_MS } from '../../../mesh/limits.ts';
import { doubledMs } from '../../../mesh/time/breaker.ts';

/** Part of the interval of a pair after which it is this host's turn, once the peer has asked; … */
const TURN = 0.8;
/** … by which this host may be early when the peer has let its turn go by: two hosts that asked each other at once then part. */
const EARLY = 0.1;
/** With a peer that is greeted every ten seconds: this host's turn, once the peer has asked. */
export const TURN_MS = TURN * GREETING_INTERVAL_MS;
/** A peer that asks more often than its turn is asked all the same after two of them: that it reaches us does not say that we reach it. */
export const OWN_QUESTION_MS_MAX = 2 * TURN_MS;
/** In a large mesh, a peer that stays silent is asked more and more seldom. It asks by itself when it starts. */
export const SILENT_INTERVAL_MS_MAX = 120_000;
/**
 * A voter is asked sooner while this host can decide no claim: whoever starts, or was busy, would wait for minutes. After a silence this interval
 * grows too, up to the usual one: voters that have too much to do are asked no more often than on any day.
 */
const AWAITED_PACE: Pace = { intervalMs: GREETING_INTERVAL_MS, silentMsMax: 3 * GREETING_INTERVAL_MS };
/**
 * A peer that is heard though it was silent is asked at once, but not more often than this; where that was in vain, after twice as long each time,
 * up to the usual interval. Two hosts that are both too busy to answer hear each other ask, and would ask on and on.
 */
export const RETURN_MS_MIN = 1_000;

/** What was last exchanged with a peer, by the monotonic clock; `-Infinity`: never. */
export interface Exchanges {
  /** When the last question of this host ended, answered or not. */
  readonly ownAtMs: number;
  /** How many of them, the last ones, had no answer that counts. */
  readonly failures: number;
  /** How many of these, the last ones, were asked though the peer had been heard since the one before. */
  readonly inVain: number;
  /** When the peer last asked this host. */
  readonly heardAtMs: number;
}

/** How the exchanges of a pair follow each other. */
export interface Pace {
  /** From one to the next. */
  readonly intervalMs: number;
  /** From a silence to the next question, at most: each further silence doubles it up to here. */
  readonly silentMsMax: number;
}

/** `isAwaited`: this host can decide no claim, and the peer votes. */
export function paceOf(intervalMs: number, isAwaited: boolean): Pace {
  if (!isLargePace(intervalMs)) return { intervalMs, silentMsMax: intervalMs };
  return isAwaited ? AWAITED_PACE : { intervalMs, silentMsMax: SILENT_INTERVAL_MS_MAX };
}

/** Whether the pair is one of a large mesh, in which it speaks more seldom. */
export function isLargePace(intervalMs: number): boolean {
  return intervalMs > GREETING_INTERVAL_MS;
}

/** The monotonic time at which this host asks next. `random`: in [0, 1), drawn once for each question. */
export function nextQuestionMs(exchanges: Exchanges, random: number, pace: Pace): number {
  const { ownAtMs, failures, inVain, heardAtMs } = exchanges;
  if (ownAtMs === -Infinity) return -Infinity;
  const { intervalMs } = pace;
  const isHeardSince = heardAtMs > ownAtMs;
  if (failures > 0)
    return ownAtMs + (isHeardSince ? afterReturnMs(inVain, pace) : afterSilenceMs(failures, random, pace));
  const turnMs = TURN * intervalMs;
  if (isHeardSince) return Math.min(heardAtMs + turnMs, ownAtMs + 2 * turnMs);
  return ownAtMs + intervalMs * (1 - EARLY * random);
}

function afterReturnMs(inVain: number, { intervalMs }: Pace): number {
  return doubledMs(inVain, { firstMs: RETURN_MS_MIN, msMax: intervalMs });
}

function afterSilenceMs(failures: number, random: number, { intervalMs, silentMsMax }: Pace): number {
  if (silentMsMax <= intervalMs) return intervalMs;
  return doubledMs(failures - 1, { firstMs: intervalMs, msMax: silentMsMax }) * (1 - EARLY * random);
}

/** After a question that ended at `nowMs`. */
export function exchangesAfter(before: Exchanges, isAnswered: boolean, nowMs: number): Exchanges {
  if (isAnswered) return { ...before, ownAtMs: nowMs, failures: 0, inVain: 0 };
  const wasHeard = before.failures > 0 && before.heardAtMs > before.ownAtMs;
  return { ...before, ownAtMs: nowMs, failures: before.failures + 1, inVain: wasHeard ? before.inVain + 1 : 0 };
}
