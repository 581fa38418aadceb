// The health of one subscription's receiver. Back-off belongs to the receiver, life to the event (node/webhooks/README.md, "Schedule"). Pure
// transitions over a small record that is stored with the cursor, so that a pause survives a restart.
// Pauses and the attempt alone that ends each are the breaker's (mesh/time/breaker.ts): one failure begins a pause.
import { attemptsMax, type Breaker, type BreakerFailure, closed, failed } from '../../../mesh/time/breaker.ts';
import { RETRY_MS_MAX } from './schedule.ts';

/** Deliveries in flight to one subscription. */
export const ENDPOINT_IN_FLIGHT_MAX = 8;
/** A subscription is disabled after this long without one success, and at least so many attempts. */
const DISABLE_AFTER_MS = 120 * 60 * 60 * 1_000;
const DISABLE_ATTEMPTS_MIN = 10;
/** So many different agents' events refused in a row mean that the endpoint is ill, not the events. */
export const ILL_ENDPOINT_AGENTS_MIN = 8;

/** All moments are wall-clock milliseconds since 1970; 0 means never. */
export interface Endpoint extends Breaker {
  /** The newest failure of the endpoint as a whole since the last success. */
  readonly downMs: number;
  /** The first failure of any kind since the last success, and how many there were. */
  readonly failingSinceMs: number;
  readonly failures: number;
  readonly lastSuccessMs: number;
  /** The lanes whose events were refused since the last success, by their names; at most `ILL_ENDPOINT_AGENTS_MIN`. */
  readonly refusedAgents: readonly string[];
}

const BREAKER_BOUNDS = { failuresMin: 1, attemptsMax: ENDPOINT_IN_FLIGHT_MAX };

/** A receiver that was never asked. */
export const NEW_ENDPOINT: Endpoint = {
  streak: 0,
  pauses: 0,
  pausedUntilMs: 0,
  downMs: 0,
  failingSinceMs: 0,
  failures: 0,
  lastSuccessMs: 0,
  refusedAgents: [],
};

/** `pausesSeen`: the endpoint's `pauses` when the attempt began. */
export function afterSuccess(endpoint: Endpoint, pausesSeen: number, nowMs: number): Endpoint {
  const { streak, pauses, pausedUntilMs } = closed(endpoint, pausesSeen, BREAKER_BOUNDS);
  return { ...NEW_ENDPOINT, streak, pauses, pausedUntilMs, lastSuccessMs: nowMs };
}

export interface Failure {
  /** The endpoint's `pauses` when the attempt began. */
  readonly pausesSeen: number;
  readonly nowMs: number;
  /** How long the schedule says to pause, were this the next pause of the streak. */
  readonly delayMs: number;
  /** What the receiver asked for; 0 when it did not. */
  readonly retryAfterMs: number;
}

/** One event refused: it backs off alone, until so many agents were refused in a row that the endpoint must be ill. */
export function afterRefusal(endpoint: Endpoint, laneName: string, failure: Failure): Endpoint {
  const known = endpoint.refusedAgents;
  const isKnown = known.includes(laneName) || known.length >= ILL_ENDPOINT_AGENTS_MIN;
  const refusedAgents = isKnown ? known : [...known, laneName];
  const refused = { ...counted(endpoint, failure.nowMs), refusedAgents };
  return refusedAgents.length >= ILL_ENDPOINT_AGENTS_MIN ? paused(refused, failure) : refused;
}

/** The endpoint as a whole failed: it could not be reached, or said that it can't serve now. */
export function afterOutage(endpoint: Endpoint, failure: Failure): Endpoint {
  return paused(counted(endpoint, failure.nowMs), failure);
}

/** How many attempts may be in flight now. */
export function inFlightMax(endpoint: Endpoint, nowMs: number): number {
  return attemptsMax(endpoint, BREAKER_BOUNDS, nowMs);
}

/** The receiver may be asked now, by one attempt alone if it was paused. */
export function withoutPause(endpoint: Endpoint): Endpoint {
  return { ...endpoint, pausedUntilMs: 0 };
}

/** A pause that ends later than any can was made by a clock that has been set back since. */
export function withSaneClock(endpoint: Endpoint, nowMs: number): Endpoint {
  const latestMs = nowMs + RETRY_MS_MAX;
  return endpoint.pausedUntilMs > latestMs ? { ...endpoint, pausedUntilMs: latestMs } : endpoint;
}

/** Whether nobody has answered for so long that attempts should end until a person looks. */
export function isLost(endpoint: Endpoint, nowMs: number): boolean {
  return (
    endpoint.failures >= DISABLE_ATTEMPTS_MIN &&
    endpoint.failingSinceMs > 0 &&
    nowMs - endpoint.failingSinceMs >= DISABLE_AFTER_MS
  );
}

/** Attempts that failed together are one pause, which the longest `Retry-After` among them lengthens. */
function paused(endpoint: Endpoint, failure: Failure): Endpoint {
  const told: BreakerFailure = { ...failure, askedMs: failure.retryAfterMs };
  return { ...endpoint, ...failed(endpoint, told, BREAKER_BOUNDS), downMs: failure.nowMs };
}

function counted(endpoint: Endpoint, nowMs: number): Endpoint {
  return { ...endpoint, failingSinceMs: endpoint.failingSinceMs || nowMs, failures: endpoint.failures + 1 };
}
