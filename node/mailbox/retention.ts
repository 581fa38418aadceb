// How long mail is kept, and how much of it.

/** Octets of the mail of one inbox, where nothing else is set. */
export const QUOTA_BYTES_DEFAULT = 2 * 1024 ** 3;
export const QUOTA_BYTES_MAX = 1024 ** 4;
/** Mails of one inbox. */
export const INBOX_MAILS_MAX = 1_000_000;
export const RETENTION_DAYS_MAX = 3_650;
export const DAY_MS = 86_400_000;
/** Milliseconds for which a mail lies in the trash or in quarantine after its labels were last changed. */
export const HIDDEN_MS_MAX = 30 * DAY_MS;
/** Mails that one transaction erases: the writes that came meanwhile wait for it. */
export const OUTDATED_AT_ONCE_MAX = 100;

/** What an inbox has set for itself; absent: as the host has it. */
export interface KeepingSettings {
  readonly retentionDays?: number | undefined;
  readonly quotaBytes?: number | undefined;
}

/** `null`: as the host has it; absent: as it is. */
export interface KeepingChange {
  readonly inboxId: string;
  readonly retentionDays?: number | null | undefined;
  readonly quotaBytes?: number | null | undefined;
  readonly atMs: number;
}

export interface OutdatedQuestion {
  readonly nowMs: number;
  /** Days for which inboxes keep mail that have set nothing; absent: for good. */
  readonly retentionDays?: number | undefined;
}

interface Used {
  readonly usedBytes: number;
  /** Absent: it does not matter how many there are. */
  readonly mails?: number | undefined;
}

/** Whether an inbox takes no more mail. */
export function isFull({ usedBytes, mails = 0, quotaBytes }: Pick<KeepingSettings, 'quotaBytes'> & Used): boolean {
  return mails >= INBOX_MAILS_MAX || usedBytes >= (quotaBytes ?? QUOTA_BYTES_DEFAULT);
}
