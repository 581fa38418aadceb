// Labels: any short text, some of which this host alone sets, for they say what happened to a mail.
import type { Scope } from './scope.ts';

/** Labels that only this host sets. */
const SYSTEM: ReadonlySet<string> = new Set([
  ...['received', 'sent', 'scheduled', 'delivered', 'bounced', 'bounce', 'complained', 'rejected', 'opened'],
  ...['malformed', 'automated', 'unsubscribe'],
]);
/** Somebody is at work on the mail: a worker by its lease, or a client that has set it, in whose way no worker comes then. */
export const AT_WORK = 'processing';
/** Labels of quarantine: what has one when it comes in lies in a thread of its own, until all of them are taken away. */
export const QUARANTINE: ReadonlySet<string> = new Set(['spam', 'blocked', 'unauthenticated']);
const CHARACTERS_MAX = 100;
/**
 * What turns the direction of a text, or shows nothing: two labels that look alike must be one. The joiners of some alphabets and of
 * emoji are not among them where they stand between two characters.
 */
const UNSEEN = /(?![\u200c\u200d])[\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]|^[\u200c\u200d]|[\u200c\u200d]$/u;
/** Labels of one mail. */
export const LABELS_MAX = 100;

/** Why a client can't add or remove this label, to follow its name in a sentence; `undefined` when it can. */
export function labelFault(label: string): string | undefined {
  if (label.length === 0 || label.length > CHARACTERS_MAX) return `must have 1 to ${CHARACTERS_MAX} characters`;
  if (/[\p{Cc},]/u.test(label)) return 'must have no control characters and no commas';
  if (UNSEEN.test(label) || !label.isWellFormed()) return 'must have no characters that are not shown';
  if (label !== label.trim()) return 'must neither begin nor end with a space';
  if (SYSTEM.has(label)) return 'is set by the host alone';
  return undefined;
}

/** Labels that a mail must have, and must not have, for anything to be changed. */
export interface LabelsRequired {
  readonly required: readonly string[];
  readonly excluded: readonly string[];
}

/** What is to become of the labels of a mail, or of all mails of a thread. */
export interface LabelChange extends LabelsRequired {
  readonly add: readonly string[];
  /** Wins over `add`. */
  readonly remove: readonly string[];
  readonly atMs: number;
}

/** The mails that are meant: one, or those of a thread. */
export type MailsMeant =
  | { readonly inboxId: string; readonly messageId: string }
  | (Scope & { readonly threadId: string });

/** `done`: each mail that there is, in the order in which they were named. The others: see `LabelOutcome`. */
export type LabelOutcomes =
  | {
      readonly outcome: 'done';
      readonly updates: readonly { readonly messageId: string; readonly labels: readonly string[] }[];
    }
  | { readonly outcome: 'differs' | 'many' | 'leased' };

/**
 * `done`: with the labels that there are now. `gone`: there is no such mail or thread. `differs`: the labels are not as they were required.
 * `many`: a mail would have more than `LABELS_MAX`. `large`: the thread has too many mails. `leased`: a worker is at work on a mail, and that
 * label ends with the lease.
 */
export type LabelOutcome =
  | { readonly outcome: 'done'; readonly labels: readonly string[] }
  | { readonly outcome: 'gone' | 'differs' | 'many' | 'large' | 'leased' };
