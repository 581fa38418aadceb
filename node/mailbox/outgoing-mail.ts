// A mail on its way out of an inbox: written down before anybody is asked to send it, so that a crash at any step is put right by the next
// start. The main thread speaks with the send module, the intake keeps the mail.
import type { KeptOut } from './list-decision.ts';

/** Octets of all files of one mail, before base64 makes a third more of them. */
export const FILES_BYTES_MAX = 30_000_000;

/** What it goes out by: the request that asked for it, where that has a key of its own. SHA-256, hexadecimal. */
export interface OutgoingKey {
  readonly hash: string;
  readonly fingerprint: string;
}

export interface OutgoingDraft {
  /** UUID, by which the send module knows it too. */
  readonly id: string;
  readonly inboxId: string;
  readonly key?: OutgoingKey | undefined;
  /** The whole mail as it goes out, but for a signature: its octets, or a file that is the caller's to remove. */
  readonly octets: Uint8Array | { readonly path: string };
  /** Those whom no header names, as people read them. */
  readonly bcc: readonly string[];
  readonly labels: readonly string[];
  /** The thread of the mail that it answers; absent: it begins one. */
  readonly threadId?: string | undefined;
  /** Inboxes of this host that it is for; they get it from here. */
  readonly localIds: readonly string[];
  /** Whom it goes to, in lower case: none of them is answered too often too fast. */
  readonly correspondents: readonly string[];
  /** All addresses that get it, blind copies too: the inbox's lists must let each pass. */
  readonly recipients: readonly string[];
  /** Whether it is told when the mail is opened. */
  readonly tracksOpens: boolean;
  /** JSON of what the send module is handed; absent: it goes to inboxes of this host alone. */
  readonly submission?: string | undefined;
  readonly ofDraft?: DraftAttempt | undefined;
  readonly atMs: number;
}

/** The draft that a mail is made of, which is erased when that lies in its inbox. */
export interface DraftAttempt {
  readonly draftId: string;
  readonly attempt: number;
}

/** A request of before that had the same key. */
export interface KnownOutgoing {
  readonly id: string;
  readonly fingerprint: string;
  /** Absent while it is on its way into the inbox. */
  readonly sent?: SentIds | undefined;
}

export interface SentIds {
  readonly messageId: string;
  readonly threadId: string;
}

/**
 * `known`: the key was used before. `braked`: it would be one more of too many quick answers. `gone`: there is no such inbox any more. `full`:
 * an inbox, the sender's or one that it is for, has no room. `overrun`: one that it is for has had its mail of the day. `kept-in`: a list of the
 * sender does not let it go to that address. `undrafted`: its draft is not being sent in that attempt any more.
 */
export type BegunOutgoing =
  | { readonly outcome: 'begun' | 'gone' | 'undrafted' }
  | { readonly outcome: 'full'; readonly inboxId: string }
  | { readonly outcome: 'overrun'; readonly inboxId: string; readonly waitMs: number }
  | { readonly outcome: 'known'; readonly known: KnownOutgoing }
  | { readonly outcome: 'kept-in'; readonly address: string; readonly by: KeptOut }
  | { readonly outcome: 'braked'; readonly untilMs: number };

/** A mail that a crash has left before it lay in its inbox. */
export interface LeftOutgoing {
  readonly id: string;
  readonly submission?: string | undefined;
}

export interface FinishedOutgoing {
  readonly id: string;
  /** Why it does not go out after all. */
  readonly rejected?: string | undefined;
  readonly atMs: number;
}

/** What became of a mail, as the send module has told the change log. */
export interface SendOutcome {
  /** Place of the telling in that log. */
  readonly seq: number;
  readonly id: string;
  /** Addresses that a server has taken it for. */
  readonly sent: readonly string[];
  /** Addresses that it does not arrive at. `status`: as RFC 3463 has it, or a reply code. */
  readonly bounced: readonly { readonly address: string; readonly status: string }[];
  readonly isPermanent: boolean;
  /** Those of them that will take no mail in future either. */
  readonly dead: readonly string[];
  /** Addresses that this host does not write to. */
  readonly suppressed: readonly string[];
  readonly atMs: number;
}

/** What has been heard of the log, up to `seq`. */
export interface HeardOutcomes {
  readonly seq: number;
  readonly outcomes: readonly SendOutcome[];
}
