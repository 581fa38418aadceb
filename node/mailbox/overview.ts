// What people are shown of all inboxes at once: what is held back, and how much waits. Counts end at a bound, so that none takes long.
import type { Listed, ListPlace } from './list.ts';

/** Labels of what is held back until somebody releases it. */
export const HELD_BACK_LABELS = ['spam', 'blocked', 'unauthenticated'] as const;
type HeldBackLabel = (typeof HELD_BACK_LABELS)[number];

/** A count that is this, or more where it `isMore`. */
export interface BoundedCount {
  readonly count: number;
  readonly isMore: boolean;
}

export interface HeldBackQuestion {
  /** Absent: any of them. */
  readonly label?: HeldBackLabel | undefined;
  readonly limit: number;
  readonly place?: ListPlace | undefined;
}

export interface HeldBackMail {
  readonly inboxId: string;
  readonly messageId: string;
  readonly from: string;
  readonly subject?: string | undefined;
  readonly preview?: string | undefined;
  readonly labels: readonly string[];
  /** When it was taken here. */
  readonly atMs: number;
}

export interface Waiting {
  /** Drafts that nobody has given a time, and those that were refused. */
  readonly drafts: BoundedCount;
  readonly heldBack: BoundedCount;
}

export interface PodCounts {
  readonly inboxes: BoundedCount;
  readonly domains: number;
}

export interface OverviewReads {
  /** The newest first. */
  heldBackMails(question: HeldBackQuestion): Listed<HeldBackMail>;
  waitingForPeople(nothing: null): Waiting;
  /** Mails that nobody has read, of each inbox, in that order. */
  unreadIn(inboxIds: readonly string[]): readonly BoundedCount[];
  /** What is in each pod, in that order. */
  countedPods(podIds: readonly string[]): readonly PodCounts[];
}
