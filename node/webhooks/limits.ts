// Bounds that several files of this room share. One that a single file keeps stands in that file.

/** Header fields of an answer, or of a proxy's. */
export const RESPONSE_HEADERS_BYTES_MAX = 16 * 1_024;
