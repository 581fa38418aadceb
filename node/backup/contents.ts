// What stands in a backup, a tar archive: first what it is, then the records, the attachments, the host's key if it was asked for, and
// last that nothing is missing. It says what counts as a secret.
import { z } from 'zod';
import { INVITATION_PREFIX } from '../admission/invitations.ts';
import { KEY_PREFIX } from '../keys/key-records.ts';
import type { CopyRules } from '../store/record-copy.ts';
import { HOST_KEY_RECORD } from '../system/host-key.ts';
import { SUBSCRIPTION_PREFIX, SUBSCRIPTION_SECRETS } from '../webhooks/webhook-records.ts';

/** Rises when an older program could no longer read a backup rightly; 1 had no mailbox. */
export const BACKUP_FORMAT = 2;
export const OLDEST_FORMAT = 1;
export const ABOUT = 'backup.json';
export const RECORDS = 'records.sqlite';
export const HOST_KEY = 'host-key.pem';
export const BLOB = /^blobs\/([0-9a-f]{64})$/;
export const MAILBOX_DATABASE = 'mailbox/mailbox.db';
export const MAILBOX_KEY = 'mailbox/org-key';
/** The octets of a large mail, by their SHA-256. */
export const MAILBOX_RAW = /^mailbox\/raw\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/;
/** The last entry: an archive without it was cut off. */
export const WHOLE = 'whole.json';
/** Octets of a text entry. */
export const TEXT_BYTES_MAX = 64 * 1_024;

export const aboutSchema = z.object({
  format: z.int(),
  host: z.string(),
  version: z.string(),
  /** ISO 8601, UTC. */
  madeAt: z.string(),
  withKeys: z.boolean(),
});
export type About = z.infer<typeof aboutSchema>;

/** What a backup leaves out that is made without keys: the records that node/store/README.md calls secret, as a test holds. */
export const SECRETS: Pick<CopyRules, 'without' | 'withoutMembers'> = {
  without: [HOST_KEY_RECORD, KEY_PREFIX, INVITATION_PREFIX],
  withoutMembers: [{ prefix: SUBSCRIPTION_PREFIX, members: SUBSCRIPTION_SECRETS }],
};
