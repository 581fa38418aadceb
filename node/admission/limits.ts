// What telling others of changes of the list of hosts is bounded by.

/** One exchange. The other writes its hosts.json meanwhile. */
export const NEWS_ANSWER_MS_MAX = 5_000;
export const NEWS_ANSWER_BYTES_MAX = 4_096;
/** Hosts that are told at once. */
export const NEWS_AT_ONCE_MAX = 8;
/** A host that could not be told is told again after this long, or earlier when it is heard again. */
export const NEWS_RETRY_MS = 10_000;
