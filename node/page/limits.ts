// Bounds of the page.
/** Entries of one list. */
export const ROWS_MAX = 50;
/** Changes that are shown before the next one comes, and that a browser keeps. */
export const CHANGES_SHOWN_MAX = 50;
/** Of what somebody searches for. */
export const SEARCH_CHARACTERS_MAX = 320;
export const FORM_BYTES_MAX = 8 * 1_024;
/** Hosts up to which the picture names each one. */
export const NAMED_HOSTS_MAX = 16;
