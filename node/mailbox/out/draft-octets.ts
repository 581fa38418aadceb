// The files of a draft on their way into the mailbox, which keeps them itself: those that the send module keeps go when no mail of its own
// needs them.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { NewUuid } from '../../../mesh/uuid.ts';
import type { BlobStore } from '../../send/attachments/blob-store.ts';
import type { AttachmentPart } from '../../send/message.ts';
import type { NewDraftFile } from '../draft.ts';
import { RAW_INLINE_BYTES_MAX } from '../message.ts';

export interface DraftOctetsParts {
  readonly blobs: Pick<BlobStore, 'read'>;
  /** The directory of the mailbox's data. */
  readonly directory: string;
  readonly newUuid: NewUuid;
}

/** Gives `use` the files; what is left of them beside the mailbox is removed when that has ended. */
export async function withDraftFiles<Result>(
  parts: readonly AttachmentPart[],
  { blobs, directory, newUuid }: DraftOctetsParts,
  use: (files: readonly NewDraftFile[]) => Promise<Result>,
): Promise<Result> {
  const paths: string[] = [];
  const octetsOf = async ({ blob, bytes }: AttachmentPart) => {
    if (bytes <= RAW_INLINE_BYTES_MAX) return await buffer(blobs.read(blob));
    const path = join(directory, 'spool', `${newUuid()}.draft`);
    paths.push(path);
    await pipeline(blobs.read(blob), createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    return { path };
  };
  try {
    const files: NewDraftFile[] = [];
    for (const part of parts) {
      const { blob: digest, bytes: size, filename, contentType, disposition, contentId } = part;
      const described = { filename, contentType, disposition, contentId };
      files.push({ attachmentId: newUuid(), digest, size, ...described, octets: await octetsOf(part) });
    }
    return await use(files);
  } finally {
    // One that was kept has another name by now.
    for (const path of paths) await rm(path, { force: true });
  }
}
