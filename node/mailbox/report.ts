// A report about a mail that this host has sent, as long as the send module has not heard of it.

export interface LeftReport {
  /** Names it to the intake. */
  readonly message: number;
  readonly kind: 'bounce' | 'complaint';
  readonly inboxId: string;
  readonly messageId: string;
  /** Who complains, as people read the address; absent where that may be one of several. */
  readonly recipient?: string | undefined;
}

/** The send module has heard of a report. */
export interface SettledReport {
  readonly message: number;
  /** Addresses that the mail has reached, as the report says. */
  readonly delivered: readonly string[];
  /** The Message-ID of the mail that it is about. */
  readonly aboutId?: string | undefined;
  readonly atMs: number;
}
