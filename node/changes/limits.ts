// Bounds of the change log.
/** Newest entries of the log kept in memory, about 1 KiB each: readers that keep up never ask the disk. */
export const LOG_TAIL_ENTRIES_MAX = 4_096;
/** A log id, as 32 hexadecimal digits: no two logs have the same. */
export const LOG_ID_BYTES = 16;

/** A day, in which the operator says how long the log is kept. */
export const DAY_MS = 24 * 60 * 60 * 1_000;
/** However far its readers are, no entry goes earlier: followers that were away for less resume where they were. */
export const LOG_KEPT_MS_MIN = 1 * DAY_MS;
/** How often the log is trimmed. */
export const TRIM_INTERVAL_MS = 10 * 60 * 1_000;
/** How long one round of trimming waits for readers to give up what they are late for. */
export const GIVE_UP_MS_MAX = 60 * 1_000;
/** What is so much older than what readers must give up goes, whoever still has not done it. */
export const GIVE_UP_OVERDUE_MS = 24 * 60 * 60 * 1_000;
/** Entries that go in one commit: few enough that other commits beside it wait for some milliseconds only. */
export const TRIM_PAGE_ENTRIES_MAX = 200;

/** Questions about the past under way at once: each costs some hundred milliseconds of work, in turns. */
export const HISTORIES_IN_HAND_MAX = 4;
/** Entries of the log that one question reads. */
export const HISTORY_ENTRIES_READ_MAX = 20_000;
/** Entries read at once by whoever reads many: of agents with ten addresses and full metadata, about 1 MiB of JSON, which is parsed in one go. */
export const READ_AT_ONCE_ENTRIES = 32;

/** Own entries that one question holds against their chain. */
export const CHECK_PART_ENTRIES = 1_000;

/** Entries that a listener reads at once, and before others have their turn to be answered. */
export const LISTENED_PAGE_ENTRIES = 64;
export const LISTENED_ENTRIES_MAX = 20_000;
