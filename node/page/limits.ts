// Bounds that several files of this room share. One that a single file keeps stands in that file.

/** Entries of one list. */
export const ROWS_MAX = 50;
