// Bounds of the store: how much shares one fsync, and how much is read at a time.

/** One transaction: records, and UTF-16 units of their keys and values. A commit larger than this goes alone. */
export const GROUP_RECORDS_MAX = 5_000;
export const GROUP_CHARACTERS_MAX = 8 * 1_024 * 1_024;
/** Records of one page of `load`. */
export const PAGE_RECORDS_MAX = 1_000;
/** A key, in UTF-16 units: an address of 1,024 and a name of the record's kind fit with room to spare. */
export const KEY_CHARACTERS_MAX = 4_096;

/** SQLite moves the -wal file's content into the database after so many pages of 4 KiB; it costs two more fsyncs. */
export const CHECKPOINT_PAGES = 4_000;
/** A -wal that one huge commit made longer is cut back to this. */
export const WAL_BYTES_KEPT_MAX = 64 * 1_024 * 1_024;
