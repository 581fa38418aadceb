// Files that hold secrets: read only when nobody else can read them.
import { open } from 'node:fs/promises';
import { MeshError } from '../../mesh/errors.ts';

const FILE_BYTES_MAX = 256 * 1_024;

/** The text of a file. Throws `invalid_request` with a sentence that says what to do about it. */
export async function readPrivateFile(path: string, what: string): Promise<string> {
  const fail = (why: string, cause?: unknown) =>
    new MeshError('invalid_request', `${what} '${path}' ${why}.`, cause === undefined ? {} : { cause });
  const file = await open(path, 'r').catch((cause: Error) => {
    throw fail(`can't be read: ${cause.message}`, cause);
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw fail(`can be read by other users of this machine; run: chmod 600 ${path}`);
    if (size > FILE_BYTES_MAX) throw fail(`has ${size} octets; at most ${FILE_BYTES_MAX} are read`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
