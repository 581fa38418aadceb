// Bounds of keys.
export const KEYS_MAX = 1_000;
export const KEY_NAME_CHARACTERS_MAX = 100;
/** The last use is written down at most so often. */
export const LAST_USE_MS = 60_000;
/** Attempts with a credential that opens nothing, of one client address a minute. */
export const FAILURES_MAX = 10;
export const FAILURES_MS = 60_000;
/** Client addresses whose failures, or whose credentials that opened something, are remembered. */
export const CLIENTS_MAX = 10_000;
