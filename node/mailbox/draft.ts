// A mail that is not sent yet: kept with its files until somebody sends it, or its time has come. What may be asked of it, and what it may be.
import { ATTACHMENTS_MAX, RECIPIENTS_MAX } from '../send/limits.ts';
import type { Mailbox } from '../send/message.ts';
import { LABELS_MAX } from './label.ts';
import type { Listed, ListPlace } from './list.ts';
import { FILES_BYTES_MAX, type SentIds } from './outgoing-mail.ts';
import type { Scope } from './scope.ts';

/** Drafts of one inbox. */
export const DRAFTS_MAX = 10_000;
/** Milliseconds that the time of a draft may lie ahead. */
export const SEND_AHEAD_MS_MAX = 90 * 86_400_000;
/** Milliseconds by which a draft may be late, because the node was down, and goes out all the same. */
export const LATE_MS_MAX = 86_400_000;

/** Absent: nobody has said when it goes. `failed`: it was refused, or its time passed; it is kept. */
export const DRAFT_STATUSES = ['scheduled', 'sending', 'failed'] as const;
export type DraftStatus = (typeof DRAFT_STATUSES)[number];

/** How many drafts there are in all inboxes. `open`: those that have no status, and wait for somebody to send them. */
export type DraftCounts = Readonly<Record<DraftStatus | 'open', number>>;

/** A file of a draft, whose octets the mailbox keeps. */
export interface DraftFile {
  readonly attachmentId: string;
  readonly filename: string;
  readonly contentType?: string | undefined;
  readonly disposition?: 'inline' | 'attachment' | undefined;
  readonly contentId?: string | undefined;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  readonly size: number;
}

/** A file with its octets, or with a place where they are, which is the caller's to remove. */
export interface NewDraftFile extends DraftFile {
  readonly octets: Uint8Array | { readonly path: string };
}

/** The mail that a draft answers or passes on, as it was when the draft was made: it may be gone when the draft goes. */
export interface DraftOrigin {
  readonly kind: 'reply' | 'forward';
  readonly messageId: string;
  readonly threadId: string;
  /** Message ids of the header, each with its angle brackets. */
  readonly inReplyTo?: string | undefined;
  readonly references: readonly string[];
}

/** What its writer says. */
export interface DraftWords {
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  /** The beginning of each body, where there is one. */
  readonly textPreview?: string | undefined;
  readonly htmlPreview?: string | undefined;
}

/** A draft in a list. */
export interface DraftItem extends Omit<DraftWords, 'text' | 'html' | 'replyTo'> {
  readonly inboxId: string;
  readonly draftId: string;
  readonly labels: readonly string[];
  readonly files: readonly DraftFile[];
  readonly origin?: DraftOrigin | undefined;
  readonly status?: DraftStatus | undefined;
  /** Why it failed, or why it waits beyond its time. */
  readonly reason?: string | undefined;
  readonly sendAtMs?: number | undefined;
  readonly updatedAtMs: number;
}

export interface Draft extends DraftItem, Pick<DraftWords, 'text' | 'html' | 'replyTo'> {
  readonly clientId?: string | undefined;
  /** Counts its changes: who has seen one knows what he sends. */
  readonly revision: number;
  readonly createdAtMs: number;
}

/** A draft that was sent, and is gone: what it became, for as long as the key by which its mail went out is known. */
export interface SentDraft extends Pick<Draft, 'inboxId' | 'draftId' | 'clientId' | 'revision' | 'createdAtMs'> {
  readonly sentAtMs: number;
  readonly sent: SentIds;
}

export interface SentDraftQuestion {
  readonly inboxId: string;
  /** One of the two. */
  readonly draftId?: string | undefined;
  readonly clientId?: string | undefined;
  /** Labels under which whoever asks reads nothing: it is not there for them where a mail of its thread has one. */
  readonly denied?: readonly string[] | undefined;
}

export interface NewDraft extends DraftWords {
  readonly draftId: string;
  readonly inboxId: string;
  readonly clientId?: string | undefined;
  readonly labels: readonly string[];
  readonly files: readonly NewDraftFile[];
  readonly origin?: DraftOrigin | undefined;
  readonly sendAtMs?: number | undefined;
  readonly atMs: number;
}

/** One draft, as far as whoever asks may see it. */
export interface DraftMeant {
  readonly inboxId: string;
  readonly draftId: string;
  /** Present: only if nobody has changed it since. */
  readonly revision?: number | undefined;
}

/** `dueByMs`: only if it has a time still, which has come by then. */
export interface DraftToSend extends DraftMeant {
  readonly dueByMs?: number | undefined;
}

/** Absent: as it is; `null`: none. */
type Cleared<Words> = { readonly [Name in keyof Words]?: Words[Name] | null | undefined };

export interface DraftChange extends DraftMeant {
  readonly words: Cleared<DraftWords>;
  readonly addFiles: readonly NewDraftFile[];
  readonly removeFiles: readonly string[];
  readonly addLabels: readonly string[];
  /** Wins over `addLabels`. */
  readonly removeLabels: readonly string[];
  readonly sendAtMs?: number | null | undefined;
  /** Else nothing may change of what goes out at its time. */
  readonly maySend: boolean;
  readonly atMs: number;
}

/** Why a draft can't be as it would be: too many recipients, files, octets of files, labels; nobody whom it goes to at its time. */
export type DraftFault = 'recipients' | 'files' | 'octets' | 'labels' | 'nobody';

/** `known`: one was made with that client id before. `full`: the inbox has no room, or `DRAFTS_MAX`. */
type MadeDraft =
  | { readonly outcome: 'done' | 'known'; readonly draft: Draft }
  | { readonly outcome: 'gone' | 'full' }
  | { readonly outcome: 'unfit'; readonly fault: DraftFault };

/** `sent`: one was made with that client id, and is gone since it was sent. */
export type CreatedDraft = MadeDraft | { readonly outcome: 'sent' };

/**
 * `gone`: there is no such draft. `sending`: it is on its way. `differs`: it was changed since. `approved`: it is scheduled, and who asks
 * may not send. `no file`: one that is to be taken away is not there.
 */
export type ChangedDraft = MadeDraft | { readonly outcome: 'sending' | 'differs' | 'approved' | 'no file' };

/** `done`: it can't be changed any more until this attempt has ended. */
export type BegunSending =
  | { readonly outcome: 'done'; readonly draft: Draft; readonly attempt: number }
  | { readonly outcome: 'gone' | 'sending' | 'differs' };

/** How an attempt ended that sent nothing: it is as it was before, it waits until `dueAtMs`, or it failed. */
export type DraftEnd =
  | { readonly kind: 'as before' }
  | { readonly kind: 'waits'; readonly dueAtMs: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

export interface EndedSending {
  readonly draftId: string;
  readonly attempt: number;
  readonly end: DraftEnd;
  readonly atMs: number;
}

export interface DueQuestion {
  readonly nowMs: number;
  /** Drafts that are being sent in this process. */
  readonly inHand: readonly string[];
  /** Drafts that are not tried now. */
  readonly paused: readonly string[];
  readonly limit: number;
}

export interface DueDrafts {
  readonly due: readonly DraftMeant[];
  /** Drafts that became too late. */
  readonly late: readonly DraftMeant[];
  /** When the next one is due that is not yet. */
  readonly nextAtMs?: number | undefined;
}

export interface DraftsQuestion extends Scope {
  readonly labels: readonly string[];
  /** Only those for which somebody has to decide: they have no time, or were refused. */
  readonly isUndecided?: boolean | undefined;
  /** Drafts that answer or pass on a mail with one of these labels are not there for whoever asks. */
  readonly denied?: readonly string[] | undefined;
  /** Times of the last change in milliseconds since 1970, both exclusive. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  readonly limit: number;
  readonly isAscending: boolean;
  readonly place?: ListPlace | undefined;
}

/** One draft, as far as whoever asks may see it. */
export interface DraftQuestion extends Scope {
  readonly draftId: string;
}

/** A file of a draft, as a link names it. */
interface FoundDraftFile {
  readonly row: number;
  readonly file: DraftFile;
}

/** What is written of drafts. */
export interface DraftWrites {
  createDraft(draft: NewDraft): CreatedDraft;
  changeDraft(change: DraftChange): ChangedDraft;
  removeDraft(meant: DraftMeant): 'done' | 'gone' | 'sending' | 'differs';
  beginSendingDraft(meant: DraftToSend): BegunSending;
  /** Whether it goes out all the same: its mail was written down. */
  endSendingDraft(ended: EndedSending): boolean;
  /** Puts drafts right that a crash has left in the midst of being sent, and those that are too late; answers what is due. */
  dueDrafts(question: DueQuestion): DueDrafts;
}

/** What is read of drafts. */
export interface DraftReads {
  draft(question: DraftQuestion): Draft | undefined;
  /** The draft that was made with that client id, unless it answers or passes on a mail with one of the denied labels. */
  draftOfClient(meant: {
    readonly inboxId: string;
    readonly clientId: string;
    readonly denied: readonly string[];
  }): Draft | undefined;
  sentDraft(question: SentDraftQuestion): SentDraft | undefined;
  drafts(question: DraftsQuestion): Listed<DraftItem>;
  /** The draft as a page that may be shown, as its mail would be. */
  draftPreview(question: DraftQuestion): string | undefined;
  draftCounts(nothing: null): DraftCounts;
  draftFile(question: DraftQuestion & { readonly attachmentId: string }): FoundDraftFile | undefined;
  /** The file of a row, with all its octets where those are not in a file; `digest`: its beginning. */
  draftOctets(question: {
    readonly row: number;
    readonly digest: string;
  }): { readonly file: DraftFile; readonly content?: Uint8Array | undefined } | undefined;
}

/** What is wrong with a draft as it would be; `undefined`: nothing. */
export function draftFault({ to, cc, bcc, files, labels, status }: DraftItem): DraftFault | undefined {
  const recipients = to.length + cc.length + bcc.length;
  if (recipients > RECIPIENTS_MAX) return 'recipients';
  if (files.length > ATTACHMENTS_MAX) return 'files';
  if (files.reduce((sum, { size }) => sum + size, 0) > FILES_BYTES_MAX) return 'octets';
  if (labels.length > LABELS_MAX) return 'labels';
  return status === 'scheduled' && recipients === 0 ? 'nobody' : undefined;
}
