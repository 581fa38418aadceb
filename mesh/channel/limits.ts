// Bounds that several files share of the channel between two hosts. Both sides go by them, so a change of one is a change of the version. One that
// a single file keeps stands in that file: sizes of frames in frames.ts, of messages in lanes.ts.

/** Questions without an answer, in one lane of one channel. */
export const CHANNEL_QUESTIONS_MAX = 64;
/** Octets of answers in the lane of look-ups and feeds that are under way and not taken yet. */
export const CREDIT_BYTES = 256 * 1_024;
/** How long a key is used: a day. */
export const KEY_MS_MAX = 24 * 60 * 60 * 1_000;
