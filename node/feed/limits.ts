// Bounds of following, and of being followed.

/** A snapshot that nobody asks on for is dropped. */
export const SNAPSHOT_KEPT_MS = 60_000;
export const SNAPSHOTS_MAX = 16;
/** What waits for an answer has the time that it may take to come, beside the wait itself. */
export const FEED_ANSWER_MS_MAX = 10_000;
/** After a failure, and doubled with each further one. */
export const FOLLOW_AGAIN_MS_MIN = 500;
export const FOLLOW_AGAIN_MS_MAX = 30_000;
/** A feed that is not believed is asked again, for it may have been mended. */
export const REFUSED_AGAIN_MS = 30_000;
/** Events of a snapshot that are committed together. */
export const RESYNC_ENTRIES_PER_COMMIT = 500;
/** Hosts that only serve the look-up. */
export const LEGACY_READ_MS = 60_000;
/** How often the hosts that are gone for good are looked for. */
export const GONE_LOOK_MS = 60_000;
