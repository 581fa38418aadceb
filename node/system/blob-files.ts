// What attachments ask of the disk, and what is said when it refuses.
import { unlink } from 'node:fs/promises';
import { MeshError } from '../../mesh/errors.ts';

/** Rejects with `store_failed` when `work` fails: what the disk refuses is the world's doing, not the caller's: full, or broken. */
export async function onDisk<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new MeshError('store_failed', `This host's disk did not take the attachment (${code}).`, { cause });
  }
}

/** Rejects with what the file system says, but not that there is no such file. */
export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
