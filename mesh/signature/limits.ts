// Bounds of the signatures between hosts. How old a message may be (SIGNATURE_SKEW_SECONDS_MAX) stands in mesh/limits.ts.

/** Nonces remembered of one host: 4,000 messages a second, each for a minute. */
export const NONCES_PER_HOST_MAX = 250_000;
/** Nonces remembered of all hosts: about 100 MiB when full. */
export const NONCES_MAX = 1_000_000;
/** Unpredictable octets of a nonce: enough that two never meet by chance. */
export const NONCE_BYTES = 16;
