// A mail as it is taken out of an inbox and put into one again: what the host knows beside its octets stands in front of them, in fields that
// only a host writes.

/** Mails of one request that puts some in, and its octets. */
export const IMPORTED_AT_ONCE_MAX = 100;
export const IMPORT_BYTES_MAX = 64 * 1_024 ** 2;

export interface ExportQuestion {
  readonly inboxId: string;
  /** The mail behind which it goes on. */
  readonly place?: { readonly atMs: number; readonly row: number } | undefined;
}

/** Some mails, as a file of mbox has them; `next` absent: these are the last. */
export interface ExportedMails {
  readonly mails: number;
  readonly mbox: Uint8Array;
  readonly next?: ExportQuestion['place'];
}

export interface ImportQuestion {
  readonly inboxId: string;
  /** A file of mbox, which is the caller's to remove. */
  readonly path: string;
  /** Mails of the file that were put in before. */
  readonly from: number;
  /** Mails of which the file does not say whether they were read have still to be. */
  readonly isUnread: boolean;
}

/** What became of each mail, in the order of the file. `reason`: why it was refused. */
export type ImportedMail =
  | { readonly status: 'stored' | 'duplicate'; readonly messageId: string }
  | { readonly status: 'refused'; readonly reason: string };

/** What became of some of the mails, those that come next in the file. `isWhole`: there are no more. */
export interface ImportedMails {
  readonly results: readonly ImportedMail[];
  readonly isWhole: boolean;
}

/** What a mail is kept with. */
export interface ArchivedMail {
  readonly atMs: number;
  readonly labels: readonly string[];
  /** Lines in front of the octets that are this host's. */
  readonly trace: string;
}
