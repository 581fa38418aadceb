// Mails and threads as they are read again, and what may be asked of their lists.

import type { ListPlace } from './list.ts';
import type { MailContent, MailPart } from './message.ts';
import type { Scope } from './scope.ts';

/** A mail in a list. */
export interface MailItem
  extends Pick<
    MailContent,
    'from' | 'to' | 'cc' | 'bcc' | 'subject' | 'preview' | 'inReplyTo' | 'references' | 'headers'
  > {
  readonly inboxId: string;
  readonly threadId: string;
  readonly messageId: string;
  readonly labels: readonly string[];
  readonly parts: readonly MailPart[];
  /** Octets, with the trace lines of this host. */
  readonly size: number;
  /** When it was taken here. */
  readonly atMs: number;
  readonly updatedAtMs: number;
  /** Absent in a list where one of them is longer than `ITEM_TEXT_BYTES_MAX`. */
  readonly text?: string | undefined;
  readonly extractedText?: string | undefined;
}

/** A mail by itself. */
export interface WholeMail
  extends MailItem,
    Pick<MailContent, 'headerId' | 'replyTo' | 'html' | 'extractedHtml' | 'payload' | 'hiddenText'> {
  readonly authentication?: Readonly<Record<string, string>> | undefined;
}

export interface ThreadItem {
  readonly inboxId: string;
  readonly threadId: string;
  /** Labels of any of its mails. */
  readonly labels: readonly string[];
  readonly lastAtMs: number;
  readonly receivedAtMs?: number | undefined;
  readonly sentAtMs?: number | undefined;
  readonly senders: readonly string[];
  readonly recipients: readonly string[];
  readonly subject?: string | undefined;
  readonly preview?: string | undefined;
  readonly parts: readonly MailPart[];
  readonly lastMessageId: string;
  readonly messageCount: number;
  readonly size: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** Labels that keep a mail out of every list which does not ask for them. */
export type HiddenLabel = 'spam' | 'blocked' | 'unauthenticated' | 'trash';

/** Which mails or threads a list has: those that everything here fits. */
export interface MailFilter {
  readonly labels: readonly string[];
  /** Times in milliseconds since 1970, both exclusive. */
  readonly before?: number | undefined;
  readonly after?: number | undefined;
  /** Labels of hidden mails that are shown, too. */
  readonly include: readonly HiddenLabel[];
  /** Texts that must be within the sender, the recipients, the subject. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly subject: readonly string[];
}

export interface MailsQuestion extends MailFilter, Scope {
  /** What has one of these labels is not there for whoever asks. */
  readonly denied?: readonly HiddenLabel[] | undefined;
  readonly limit: number;
  readonly isAscending: boolean;
  readonly place?: ListPlace | undefined;
}

export interface MailQuestion {
  readonly inboxId: string;
  readonly messageId: string;
}

/** A mail of an inbox, a thread, or a draft, and labels. */
export interface LabelledQuestion {
  readonly inboxId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly draftId?: string | undefined;
  readonly threadId?: string | undefined;
  readonly labels: readonly string[];
}

/** Several mails of one inbox. */
export interface MailsNamed {
  readonly inboxId: string;
  readonly messageIds: readonly string[];
}

export interface ThreadQuestion extends Scope {
  readonly threadId: string;
  /** Labels of hidden mails that are shown, too. */
  readonly include: readonly HiddenLabel[];
  readonly limit: number;
  /** The oldest mail that was shown: the page before that is wanted. */
  readonly place?: ListPlace | undefined;
}

/** Some octets of a stored mail. */
export interface StoredOctets {
  /** Names the mail to whoever holds a link to it. */
  readonly message: number;
  readonly digest: string;
  /** Lines in front of the octets. */
  readonly trace: string;
  /** All octets of the raw mail; absent: they are in a file. */
  readonly content?: Uint8Array | undefined;
  /** Octets of the raw mail. */
  readonly rawSize: number;
}

export interface PartQuestion extends Scope {
  /** The mail or the thread that has it. */
  readonly messageId?: string | undefined;
  readonly threadId?: string | undefined;
  readonly attachmentId: string;
}

/** An attachment of a stored mail. */
export interface FoundPart {
  readonly message: number;
  readonly digest: string;
  readonly number: number;
  readonly part: MailPart;
}
