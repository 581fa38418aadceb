// Files that hold secrets: read only when nobody else can read or exchange them.
import { MeshError } from '../../mesh/errors.ts';
import { operatorText } from './edited-text.ts';
import { readOwnFile, trustedUsers } from './own-files.ts';

const FILE_BYTES_MAX = 256 * 1_024;

/** The text of a file. Throws `invalid_request` with a sentence that says what to do about it. */
export function readPrivateFile(path: string, what: string): string {
  const fail = (why: string, cause?: unknown) =>
    new MeshError('invalid_request', `${what} '${path}' ${why}.`, cause === undefined ? {} : { cause });
  const user = process.geteuid?.();
  const trusted = user === undefined ? new Set<number>() : trustedUsers(user);
  try {
    const octets = readOwnFile(path, FILE_BYTES_MAX, (uid) => trusted.has(uid));
    if (octets !== undefined) return operatorText(octets);
  } catch (cause) {
    throw fail((cause as Error).message, cause);
  }
  throw fail('does not exist');
}
