// Every bound of the mailbox, with its unit and its reason.

/** Inboxes of one host. */
export const INBOXES_MAX = 100_000;
/** Senders, or recipients, that a thread names. */
export const PARTICIPANTS_MAX = 100;
/** Writes that share one fsync: some tens of milliseconds of work, which the first of them waits for. */
export const GROUP_WRITES_MAX = 200;
/** Mails that one transaction erases: the writes that came meanwhile wait for it. */
export const ERASED_AT_ONCE_MAX = 500;
