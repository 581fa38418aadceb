// Bounds of the store: how much shares one fsync, and how much is read at a time.

/**
 * One group: records, and UTF-16 units of their keys and values, which in UTF-8 fit into a file of the commit log. A commit larger than this
 * goes alone.
 */
export const GROUP_RECORDS_MAX = 5_000;
export const GROUP_CHARACTERS_MAX = 1_024 * 1_024;
/** Records of one page of `load`. */
export const PAGE_RECORDS_MAX = 1_000;
/** A key, in UTF-16 units: an address of 1,024 and a name of the record's kind fit with room to spare. */
export const KEY_CHARACTERS_MAX = 4_096;

/**
 * Each of the two files of the commit log, made in this length and used again and again. What they hold is also in memory, until the database
 * has it. Only a group that is larger by itself makes one longer, until it is used again.
 */
export const COMMIT_LOG_FILE_BYTES = 4 * 1_024 * 1_024;
/** Records that go into the database in one transaction when it is brought up to date, and what their keys and values have in UTF-16 units. */
export const APPLIED_RECORDS_MAX = 2_000;
export const APPLIED_CHARACTERS_MAX = 1_024 * 1_024;

/** SQLite moves the -wal file's content into the database after so many pages of 4 KiB; it costs two more fsyncs. */
export const CHECKPOINT_PAGES = 4_000;
/** A -wal that one huge commit made longer is cut back to this. */
export const WAL_BYTES_KEPT_MAX = 64 * 1_024 * 1_024;
/** A database up to this is read through before it is looked over. */
export const READ_THROUGH_BYTES_MAX = 512 * 1_024 * 1_024;
