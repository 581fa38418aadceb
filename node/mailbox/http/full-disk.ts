// The refusal of what brings a mail while the disk has no room for it.
import { type DiskRoom, FREE_BYTES_MIN } from '../disk-room.ts';
import { MailboxError } from '../errors.ts';

/** Room does not come back at once: somebody has to delete something. */
const RETRY_AFTER_SECONDS = 5;

/** Asked before anything of the request is written. Throws `service_unavailable`. */
export async function refuseFullDisk(room: Pick<DiskRoom, 'isFull'>): Promise<void> {
  if (!(await room.isFull())) return;
  const message = `The disk of this host is full: ${FREE_BYTES_MIN / 1_024 ** 3} GiB of it stays free, and no mail is taken. Nothing was written.`;
  throw new MailboxError('service_unavailable', message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}
