// Bounds of the channel between two hosts. Both sides go by them, so a change of one is a change of the version.
import { PEER_BODY_BYTES_MAX } from '../limits.ts';

/** Questions without an answer, in one lane of one channel. */
export const CHANNEL_QUESTIONS_MAX = 64;
/** The first lines of a question or an answer: the path and a few fields. */
export const HEAD_BYTES_MAX = 8 * 1_024;
/** A question or an answer, its head included. */
export const MESSAGE_BYTES_MAX = PEER_BODY_BYTES_MAX + HEAD_BYTES_MAX;
/** What a frame carries of a message: whoever is in a hurry waits for one piece at most. */
export const PIECE_BYTES_MAX = 64 * 1_024;
/** A frame, its length not counted: an id, a piece with two octets before it, and a MAC. */
export const FRAME_BYTES_MAX = 4 + 2 + PIECE_BYTES_MAX + 16;
/** Octets of answers in the lane of look-ups and feeds that are under way and not taken yet. */
export const CREDIT_BYTES = 256 * 1_024;
/** Frames under one key. The next frame would end the channel; it is renewed before. */
export const FRAMES_PER_KEY_MAX = 2 ** 24;
/** How long a key is used: a day. */
export const KEY_MS_MAX = 24 * 60 * 60 * 1_000;
