// How far apart the clocks of two hosts may be: a message that says another time than this host's clock is refused, whoever signed it. The same
// number bounds how long a nonce is remembered, for later its message would be refused anyway. It does not set any clock right.

/** How far the time of a signature between hosts may lie from this host's clock, and how long its nonce is remembered. */
export const SIGNATURE_SKEW_SECONDS_MAX = 60;
