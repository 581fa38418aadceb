// Every bound of the webhooks in one table, its unit last in its name.

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** Subscriptions of one node: each is a reader of the log with its own memory. */
export const SUBSCRIPTIONS_MAX = 100;
export const URL_CHARACTERS_MAX = 2_048;
export const DESCRIPTION_CHARACTERS_MAX = 500;
/** Members of `events` as sent, repeats among them. */
export const EVENTS_MAX = 16;
/** Changes of `events` or `scope` that entries still waiting were decided under. */
export const EPOCHS_MAX = 100;
/** The specification's example has 22 characters; Standard Webhooks' longest key is 64 octets, 92 characters of `whsec_…`. */
export const SECRET_CHARACTERS_MIN = 16;
export const SECRET_CHARACTERS_MAX = 256;
export const SECRET_MADE_BYTES = 32;
/** Secrets whose keys are kept ready in memory. */
export const SECRETS_PREPARED_MAX = 2_000;
/** How long a former secret may sign beside the new one, and how many may at once. */
export const GRACE_SECONDS_MAX = 7 * 24 * 3_600;
export const GRACE_SECONDS = 24 * 3_600;
export const FORMER_SECRETS_MAX = 3;
/** Headers that a subscription adds to its requests. */
export const CUSTOM_HEADERS_MAX = 10;
export const CUSTOM_HEADER_NAME_CHARACTERS_MAX = 100;
export const CUSTOM_HEADER_VALUE_CHARACTERS_MAX = 1_024;
/** `ratePerSecond`: attempts that a subscription may ask to have at most. */
export const RATE_PER_SECOND_MAX = 1_000;

/** Deliveries in flight to one subscription. */
export const ENDPOINT_IN_FLIGHT_MAX = 8;
/** Attempts of one subscription that are noted while others are in flight, so that none waits for the disk when a place is free. */
export const NOTED_AHEAD_MAX = 56;
/** Deliveries in flight beyond the first of each subscription, over all of them: the first has a place of its own. */
export const SHARED_IN_FLIGHT_MAX = 128;
/** `POST …/test` requests in flight to one subscription; the next one is answered 503. No other's tests count, so none can take them. */
export const TESTS_IN_FLIGHT_MAX = 2;
/** One attempt: connection (TLS with it), everything, and what is spent on a body nobody reads once the status is known. */
export const CONNECT_MS_MAX = 5 * SECOND_MS;
export const POST_MS_MAX = 15 * SECOND_MS;
export const DRAIN_MS_MAX = SECOND_MS;
/** An idle connection is closed after this long: sooner than servers close theirs (Node: 5 s), so none dies under an attempt. */
export const IDLE_MS_MAX = 4 * SECOND_MS;
export const RESPONSE_BYTES_MAX = 64 * 1_024;
export const RESPONSE_HEADERS_BYTES_MAX = 16 * 1_024;
/** Interim answers (1xx) before the one that counts: sent without end they would keep the node busy until the attempt is over. */
export const INTERIM_ANSWERS_MAX = 16;
/** A name's resolution while a subscription is made; a slower one counts as not resolving now. */
export const RESOLVE_MS_MAX = 5 * SECOND_MS;
/** A name's resolution before a proxy is asked for the name, which must leave it time: behind a proxy nobody may serve DNS. */
export const RESOLVE_BEFORE_PROXY_MS_MAX = SECOND_MS;
/** Names resolved at once for subscriptions being made; one that comes meanwhile counts as not resolving now, too. */
export const VETS_MAX = 64;

/** Standard Webhooks' schedule: attempt n follows this long after attempt n - 1 failed; the last one repeats. */
export const RETRY_DELAYS_MS = [
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
export const RETRY_JITTER = 0.2;
/**
 * An attempt that a crash interrupted is made again after the first of these, and after twice as long for each more in a row: the delivery
 * may be innocent, or what the node dies of.
 */
export const INTERRUPTED_MS_MIN = 5 * SECOND_MS;
export const INTERRUPTED_MS_MAX = 5 * MINUTE_MS;
/** `Retry-After` lengthens a delay to at most this. */
export const RETRY_AFTER_MS_MAX = 24 * HOUR_MS;
/** The longest wait there is; a due time further off than this was made by a clock that has since stepped back. */
export const RETRY_MS_MAX = 24 * HOUR_MS * (1 + RETRY_JITTER);
/** A change that was not accepted this long after it happened becomes a dead letter. */
export const EVENT_LIFE_MS = 72 * HOUR_MS;
/** Attempts kept of a delivery that is not accepted, the newest: more than the schedule has within an event's life. */
export const ATTEMPTS_KEPT_MAX = 20;
/**
 * Attempts of accepted deliveries: a record for each commit that has some, and so many records of one subscription. That is the newest 256
 * deliveries at least, and up to 16,384 where many are accepted at once.
 */
export const ACCEPTED_PER_RECORD_MAX = 64;
export const ACCEPTED_RECORDS_MAX = 256;
/** Single deliveries of one subscription that are tried again at the same time, each a small replay; beside them one replay of a span. */
export const RETRIES_MAX = 64;
/**
 * Dead letters kept, of all subscriptions together: beyond that the oldest go. A subscription that has so many itself is disabled, so that what
 * follows is held and not buried.
 */
export const DEAD_LETTERS_MAX = 100_000;
/** A subscription is disabled after this long without one success, and at least so many attempts. */
export const DISABLE_AFTER_MS = 120 * HOUR_MS;
export const DISABLE_ATTEMPTS_MIN = 10;
/** So many different agents' events refused in a row mean that the endpoint is ill, not the events. */
export const ILL_ENDPOINT_AGENTS_MIN = 8;

/** Agents of one subscription with an event begun and not settled: above this the other agents wait too. */
export const LANES_MAX = 1_000;
/** Lanes that could be attempted now; above this the log is not read further ahead. */
export const READY_LANES_MAX = 64;
/** Positions remembered per lane behind its first event; the rest is found in the log again. */
export const LANE_BEHIND_MAX = 16;
/** Entries asked of the log at once, and kept in memory for all subscriptions together (about 1 KiB each). */
export const LOG_PAGE_ENTRIES_MAX = 128;
export const LOG_CACHE_ENTRIES_MAX = 4_096;
/** A cursor that met nothing wanted is written down at least this often, so that a restart reads little again. */
export const CURSOR_UNSAVED_ENTRIES_MAX = 4_096;
/** Pages of the log read to say how many events of a subscription wait; of more it is said that there are at least so many. */
export const PENDING_PAGES_MAX = 64;

/** Pages of the log and of the dead letters read for one page of deliveries; then it is a short one. */
export const LISTED_PAGES_MAX = 64;
/** Newest entries of the log in which a delivery is looked for by its id, and how many are read at once. */
export const SOUGHT_ENTRIES_MAX = 100_000;
export const SOUGHT_PAGE_ENTRIES = 1_000;
/** Pages read to say how much a replay will send; of more it is said that it is at least so much. */
export const MATCHED_PAGES_MAX = 800;

/** When stopping: attempts in flight may end by themselves, then they are cut off and must have ended. */
export const STOP_MS_MAX = 5 * SECOND_MS;
export const STOP_CUT_MS_MAX = SECOND_MS;
