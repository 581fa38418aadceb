// Bounds of the feed, which hosts must share.

/** A question for what is new is answered after this long at the latest, if only with nothing. */
export const FEED_WAIT_MS_MAX = 25_000;
/** A question for what is new may wait so long where greetings say meanwhile that nothing is. */
export const FEED_QUIET_MS_MAX = 120_000;
/** One answer of a feed, or one page of a snapshot; it goes on with the next. An item with ten addresses and full metadata has 30 KiB. */
export const FEED_ITEMS_MAX = 500;
export const FEED_BYTES_MAX = 256 * 1_024;
/** Values of its JSON: a quarter below what a host reads of another's at all. */
export const FEED_VALUES_MAX = 15_000;
/** A change tells of the addresses of one agent, before and after it. */
export const CHANGED_ADDRESSES_MAX = 64;

/** Hosts up to which everybody follows everybody; beyond, only voters do. */
export const FOLLOWED_BY_ALL_MAX = 50;
/** Voters that a host follows in place of everybody. */
export const RELAYS = 2;
/** A relay answers after this long at the latest, if only with nothing. */
export const RELAY_WAIT_MS_MAX = 5_000;
