// What is asked of the writer about leases, and what it answers.
import type { Work, WorkEvent } from './lease.ts';
import type { WholeMail } from './stored-mail.ts';

/** What a worker asks for: the oldest mails of an inbox that nobody works on. */
export interface ClaimQuestion {
  readonly inboxId: string;
  readonly worker: string;
  /** A mail must have all of them; at least one. */
  readonly labels: readonly string[];
  readonly limit: number;
  readonly leaseMs: number;
  /** One mail of a thread at a time. */
  readonly perThread: boolean;
  readonly nowMs: number;
}

export interface ClaimedMail {
  readonly mail: WholeMail;
  readonly lease: string;
  readonly attempt: number;
  readonly untilMs: number;
  readonly workKey: string;
}

/** `gone`: there is no such inbox. */
export type Claimed =
  | { readonly outcome: 'done'; readonly claims: readonly ClaimedMail[] }
  | { readonly outcome: 'gone' };

/** What is to become of a lease and, in the same step, of the labels of its mail. */
export interface LeaseQuestion {
  readonly inboxId: string;
  readonly messageId: string;
  readonly event: Extract<WorkEvent, { kind: 'extend' | 'complete' | 'release' }>;
  readonly add: readonly string[];
  /** Wins over `add`. */
  readonly remove: readonly string[];
  readonly nowMs: number;
}

/** `gone`: there is no such mail. `dead`: the lease is none of it, or no more. `many`: it would have more than `LABELS_MAX` labels. */
export type LeaseOutcome =
  | { readonly outcome: 'done'; readonly labels: readonly string[]; readonly work: Pick<Work, 'state' | 'untilMs'> }
  | { readonly outcome: 'gone' | 'dead' | 'many' };

/** What somebody waits for: a mail that a claim would get, from and about what they say. */
export interface WaitQuestion extends Pick<ClaimQuestion, 'inboxId' | 'labels' | 'nowMs'> {
  /** Parts of the sender and of the subject. */
  readonly from?: string | undefined;
  readonly subject?: string | undefined;
  /** Milliseconds since 1970, exclusive. */
  readonly afterMs?: number | undefined;
}
