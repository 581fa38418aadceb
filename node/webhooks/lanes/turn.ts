// What is in hand of a subscription: a lane whose first event is attempted or buried, and how far its attempt has come.
import type { ChangeEntry } from '../../changes/change-log.ts';
import type { KeptAttempt } from '../webhook-records.ts';
import type { Lane } from './lanes.ts';
import type { Stream } from './stream.ts';

/** A lane in its stream: what is attempted or buried. */
export interface Turn {
  readonly stream: Stream;
  readonly lane: Lane;
}

/** An attempt that is noted on the disk, or about to be. */
export interface Noted extends Turn {
  /** How long the schedule says to wait should this attempt be refused. */
  readonly delayMs: number;
}

/** A noted attempt that waits for a place, with what it sends. */
export interface Prepared extends Noted {
  readonly entry: ChangeEntry;
  readonly isDead: boolean;
}

/** What an attempt knew when it began. */
export interface Begun extends Prepared {
  readonly pausesSeen: number;
}

/** An attempt that ended: what is kept of it, and when it is concluded (wall clock). */
export interface Ended {
  readonly ended: KeptAttempt;
  readonly nowMs: number;
}
