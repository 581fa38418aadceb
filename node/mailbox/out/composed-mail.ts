// The octets of a mail that is sent, as the send module will make them again when it sends it.

import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { BlobStore } from '../../send/attachments/blob-store.ts';
import type { MessageContent } from '../../send/message.ts';
import { compose } from '../../send/smtp/composer.ts';
import type { OutgoingDraft } from '../outgoing-mail.ts';

/** Octets of attachments with which a mail is made in memory; a larger one is made in a file. */
const IN_MEMORY_BYTES_MAX = 256 * 1_024;

export interface ComposingParts {
  readonly blobs: Pick<BlobStore, 'read'>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
}

/** Gives `use` the octets; a file of them is removed when that has ended. `id`: no other mail's. */
export async function withOctets<Result>(
  content: MessageContent & { readonly date: string },
  { id, blobs, directory }: ComposingParts & { readonly id: string },
  use: (octets: OutgoingDraft['octets']) => Promise<Result>,
): Promise<Result> {
  const composed = compose(content, { date: content.date, open: ({ blob }) => blobs.read(blob) });
  if ('bytes' in composed) return await use(composed.bytes);
  const bytes = content.attachments.reduce((sum, part) => sum + part.bytes, 0);
  if (bytes <= IN_MEMORY_BYTES_MAX) return await use(await buffer(composed.stream));
  const path = join(directory, 'spool', `${id}.out`);
  try {
    await pipeline(composed.stream, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    return await use({ path });
  } finally {
    await rm(path, { force: true });
  }
}
