// A mail on its way into an inbox: what the intake has found in its octets, and what the writer keeps of it. Parsing, threading and
// storing know each other by these types alone.

/** Octets of one mail (RFC 5321 §4.5.3.1.7 leaves it to us; large providers take 25 MiB). */
export const MAIL_BYTES_MAX = 25 * 1024 * 1024;
/** Octets that lie in the database itself; more are a file, for SQLite reads a file's pages one after the other. */
export const RAW_INLINE_BYTES_MAX = 64 * 1024;

/** `received`: it lies in the inbox. All others lie in quarantine: in no list, thread or event that does not ask for them. */
export const MAIL_CLASSES = ['received', 'spam', 'blocked', 'unauthenticated'] as const;
export type MailClass = (typeof MAIL_CLASSES)[number];

/** An attachment: where its octets lie in the raw mail, as it came, without the trace lines of this host. */
export interface MailPart {
  /** `<part number>-<8 hexadecimal digits>`. */
  readonly attachmentId: string;
  readonly filename?: string | undefined;
  readonly contentType?: string | undefined;
  readonly disposition?: 'inline' | 'attachment' | undefined;
  readonly contentId?: string | undefined;
  readonly encoding: 'identity' | 'base64' | 'quoted-printable';
  /** Octets from the beginning of the raw mail, still encoded; `end` is behind the last. */
  readonly start: number;
  readonly end: number;
  /** Octets when decoded. */
  readonly size: number;
}

/** What a mail says, found once for all who get it. */
export interface MailContent {
  /** The `Message-ID`, with its angle brackets; absent when it is missing or malformed. */
  readonly headerId?: string | undefined;
  /** The sender as people read it, `Jane <jane@x.com>`; empty when there is none. */
  readonly from: string;
  /** The address of `from` alone, in lower case. */
  readonly fromAddress?: string | undefined;
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly replyTo: readonly string[];
  readonly subject?: string | undefined;
  /** At most `PREVIEW_CHARACTERS_MAX`. */
  readonly preview?: string | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
  readonly extractedText?: string | undefined;
  readonly extractedHtml?: string | undefined;
  /** The JSON part, as text that parses. */
  readonly payload?: string | undefined;
  /** The mail hides text from people, which `text` leaves out. */
  readonly hiddenText: boolean;
  /** Message ids with their angle brackets, at most `REFERENCES_MAX` of each. */
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  /** By their names as they came. */
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: readonly MailPart[];
}

/** The octets of a mail as they came. */
interface RawMail {
  /** SHA-256, hexadecimal. */
  readonly digest: string;
  readonly size: number;
  /** Absent above `RAW_INLINE_BYTES_MAX`: then the file of that name is synced already. */
  readonly content?: Uint8Array | undefined;
}

/** What was found out about who sent a mail; each is a word of RFC 8601, such as `pass`. */
export interface Authentication {
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
}

/** One mail for one inbox. */
export interface Delivery {
  /** The inbox's address, as its row has it. */
  readonly inboxId: string;
  /** Lines of this host in front of the raw octets, each ended by CRLF. */
  readonly trace: string;
  readonly mailClass: MailClass;
  readonly authentication?: Authentication | undefined;
  readonly isAuthenticated: boolean;
  /** What stands in the address that it came to, where that is one for asking for no more mail. */
  readonly unsubscribeToken?: string | undefined;
}

/** What a mail says of another one, that an inbox of this host sent. */
export interface MailReport {
  readonly kind: 'bounce' | 'complaint';
  /** The Message-ID of that mail. */
  readonly aboutId: string;
  /** False: a bounce that says nothing of failure, but that the mail was delivered, or is late. */
  readonly isFailure?: boolean | undefined;
  /** Feedback-Type of RFC 5965 §3.1, such as `abuse`. */
  readonly complaintType?: string | undefined;
}

/** One mail for all inboxes that get it, stored in one transaction. */
export interface ReceivedMail {
  readonly raw: RawMail;
  /** SHA-256, hexadecimal, of Message-ID, From, Date and the body's octets: the same mail again has it, whatever its trace lines. */
  readonly digest: string;
  readonly content: MailContent;
  /** Beside `received`, `unread` and the class, such as `automated` or `malformed`. */
  readonly labels: readonly string[];
  readonly receivedAtMs: number;
  readonly report?: MailReport | undefined;
  readonly deliveries: readonly Delivery[];
  /** Whether nobody gets it where one of the inboxes is gone. */
  readonly isAllOrNone?: boolean | undefined;
}

/** What became of a delivery. `duplicate`: the inbox has the mail already. `gone`: there is no such inbox any more. */
export interface StoredDelivery {
  readonly inboxId: string;
  readonly status: 'stored' | 'duplicate' | 'gone';
  /** Absent when the inbox is gone. */
  readonly messageId?: string | undefined;
  readonly threadId?: string | undefined;
  /** What it was stored as: the inbox's lists may have kept it out. */
  readonly mailClass?: MailClass | undefined;
}

/** What threading decides by. */
export interface MailInThread {
  readonly content: MailContent;
  readonly mailClass: MailClass;
  readonly isAuthenticated: boolean;
  readonly isAutomated: boolean;
  readonly receivedAtMs: number;
}

/** What an inbox knows of its threads; none of it knows of mails in quarantine. */
export interface KnownThreads {
  /** The thread of the mail that has this id, or that names it. */
  threadOf(messageId: string): string | undefined;
  /** Threads with that base subject in which the sender has written; at most two, the newest first. */
  withSubject(
    base: string,
    sender: string,
  ): readonly { readonly threadId: string; readonly lastAtMs: number; readonly hasSent: boolean }[];
  messageCount(threadId: string): number;
}

/** The thread that a mail belongs to; `undefined`: a new one. */
export type ChooseThread = (mail: MailInThread, known: KnownThreads) => string | undefined;
