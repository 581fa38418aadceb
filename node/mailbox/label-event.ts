// A change of a label, as it is read again.
import type { ListPlace } from './list.ts';

export interface LabelEvent {
  readonly eventId: string;
  readonly messageId: string;
  readonly label: string;
  /** Else it was removed. */
  readonly isAdded: boolean;
  readonly atMs: number;
}

export interface LabelEventsQuestion {
  readonly inboxId: string;
  /** Labels of which whoever asks is told nothing, and nothing of mails that have one. */
  readonly denied?: readonly string[] | undefined;
  readonly limit: number;
  readonly isAscending: boolean;
  readonly place?: ListPlace | undefined;
}
