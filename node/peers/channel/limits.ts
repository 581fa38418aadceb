// Bounds that several files of this room share: those of the two sides of a channel. One that a single file keeps stands in that file.

/** A channel is not open after this long: the question that asked for it goes over HTTP anyway. */
export const CHANNEL_OPEN_MS_MAX = 5_000;
/** A channel that carried nothing for this long is closed. Greetings come every 8 to 16 s, or every minute in a large mesh. */
export const CHANNEL_IDLE_MS_MAX = 150_000;
