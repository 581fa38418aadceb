// Bounds of following, and of being followed.

/** A snapshot that nobody asks on for is dropped. */
export const SNAPSHOT_KEPT_MS = 60_000;
export const SNAPSHOTS_MAX = 16;
/** Of one host. Its addresses are bound as those of an index are. */
export const SNAPSHOT_AGENTS_MAX = 200_000;
/** What waits for an answer has the time that it may take to come, beside the wait itself. */
export const FEED_ANSWER_MS_MAX = 10_000;
/** After a failure, and doubled with each further one. */
export const FOLLOW_AGAIN_MS_MIN = 500;
export const FOLLOW_AGAIN_MS_MAX = 30_000;
/** Between an answer with news and the next question: what changes meanwhile is told, checked and committed together. */
export const FOLLOW_PACE_MS = 25;
/** News of so many entries or more come from a busy host, which is left so many times as long: its followers would be most of its work. */
export const BUSY_ENTRIES_MIN = 8;
export const BUSY_PACE_FACTOR = 4;
/** A feed that is not believed is asked again, for it may have been mended. */
export const REFUSED_AGAIN_MS = 30_000;
/** Whoever answers at once, and with nothing, is asked again after this long. */
export const HASTY_REST_MS = 1_000;
/** What is told beside a log is committed in parts of so many events and rows, and one agent's more. */
export const RESYNC_ENTRIES_PER_COMMIT = 500;
export const RESYNC_ROWS_PER_COMMIT = 1_000;
/** Hosts that only serve the look-up. */
export const LEGACY_READ_MS = 60_000;
/** How often the hosts that are gone for good are looked for. */
export const GONE_LOOK_MS = 60_000;
/** A relay that has not answered for so long is replaced by the next, and may be chosen again after a while. */
export const RELAY_SILENT_MS = 10_000;
export const RELAY_SILENCE_KEPT_MS = 60_000;
/** Between two questions to a relay for entries: what comes meanwhile is told at once. */
export const RELAY_PACE_MS = 500;
/** Between two looks at whether the relays are chosen rightly, and say what this host knows. */
export const RELAY_LOOK_MS = 5_000;
/** Entries of its log that a relay goes through for one answer. */
export const RELAY_SPAN_ENTRIES_MAX = 2_000;
/** Hosts that were heard within this time have one age together: a host that is followed says within 25 s that it is there. */
export const AGE_TOGETHER_MS_MAX = 30_000;
/** Values of the JSON of a relay's runs: half, for where a thousand other logs stand is said beside them. */
export const RELAYED_VALUES_MAX = 7_500;
/** Runs of one answer that are checked and written down together. */
export const RUNS_AT_ONCE = 16;
/** Hosts that are asked at once because no relay says enough of them. */
export const DIRECT_ROUNDS_MAX = 32;
/** Between two logs that a host begins because its log is told as ended. */
export const BEGUN_ANEW_MS_MIN = 30_000;
/** Former logs of a host that are remembered. */
export const LEFT_LOGS_MAX = 8;
