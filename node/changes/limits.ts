// Bounds of the change log.
/** Newest entries of the log kept in memory, about 1 KiB each: readers that keep up never ask the disk. */
export const LOG_TAIL_ENTRIES_MAX = 4_096;
