// Bounds that several files share of the feed, by which all hosts must go. One that a single file keeps stands in that file.

/** Items of one answer of a feed, or of one page of a snapshot; it goes on with the next. */
export const FEED_ITEMS_MAX = 500;
/** A change tells of the addresses of one agent, before and after it. */
export const CHANGED_ADDRESSES_MAX = 64;
