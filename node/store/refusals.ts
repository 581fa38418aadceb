// What the store says when it can't go on: sentences that name the file and what its operator can do. No sentence carries a
// stored value, for some of them are secrets.
import { MeshError } from '../../mesh/errors.ts';

/** An older copy is no remedy: what this host voted since it was made would be forgotten, and an address could be given twice. */
const DAMAGE_REMEDY =
  'Nothing was changed. Move the data directory away and start with an empty one, never with an older copy: in a mesh the other hosts bring this one in again, and its addresses stay its own until it claims them again. Without MESH_SECRET, they want to be told its new key.';

const RESTART = 'start the node again';

/** Primary result codes of SQLite (sqlite.org/rescode.html). */
const SQLITE = {
  ERROR: 1,
  PERM: 3,
  BUSY: 5,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

/** The file's content is not what was once written. */
export function damaged(file: string, what: string, cause?: unknown): MeshError {
  return new MeshError('store_failed', `The store's file ${file} is damaged: ${what}. ${DAMAGE_REMEDY}`, { cause });
}

/** Records that are not what this version wrote, or that contradict each other. `what`: the whole sentence, without its end. */
export function damagedRecords(what: string, cause?: unknown): MeshError {
  const sentence = `${what}. If a newer version of this program was started on this data, start that one again. If not, the store is damaged. ${DAMAGE_REMEDY}`;
  return new MeshError('store_failed', sentence, { cause });
}

/** The store can't be used as things are, though nothing is damaged. */
export function refused(sentence: string, cause?: unknown): MeshError {
  return new MeshError('store_failed', sentence, { cause });
}

/** For background work: the store reports its own failure, and the node stops for it. Rethrows anything else, which is a bug. */
export function ignoreFailedStore(error: unknown): void {
  if (!(error instanceof MeshError && error.code === 'store_failed')) throw error;
}

/** Whether the system refused something: a full disk, a path that this user may not use. No file says such a thing by what is in it. */
export function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** Turns what SQLite or the file system threw about `file` into such a sentence; what is one already stays. `then`: what helps once there is room. */
export function explain(error: unknown, file: string, then = RESTART): MeshError {
  if (error instanceof MeshError) return error;
  const { message } = error as Error;
  switch (sqliteCode(error)) {
    case SQLITE.CORRUPT:
      return damaged(file, `SQLite can't read it (${message})`, error);
    case SQLITE.NOTADB:
      return damaged(file, 'it does not begin as a SQLite database does', error);
    case SQLITE.FULL:
      return refused(`The disk that holds ${file} is full. Free some space, then ${then}.`, error);
    case SQLITE.PERM:
    case SQLITE.READONLY:
    case SQLITE.CANTOPEN:
      return refused(
        `This process may not write ${file} (${message}). Check its owner, its permissions and those of its directory.`,
        error,
      );
    case SQLITE.IOERR:
      return refused(
        `The operating system could not read or write ${file} (${message}). Check whether the disk is full or failing, and its quota, then ${then}.`,
        error,
      );
    case undefined:
      return explainFileError(error as NodeJS.ErrnoException, (error as NodeJS.ErrnoException).path ?? file, then);
    default:
      return refused(`SQLite could not use ${file}: ${message}.`, error);
  }
}

/** Turns what the file system threw into a sentence that may reach a client: it names `file`, not where that is. */
export function explainInUse(error: unknown, file: string): MeshError {
  return error instanceof MeshError ? error : explainFileError(error as NodeJS.ErrnoException, file);
}

/** Whether SQLite found the file locked by another connection. */
export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.BUSY;
}

/** Whether SQLite opened the file and found something else than a database. */
export function isNotDatabase(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.NOTADB;
}

/** Whether SQLite could not run our statement: the tables are not those it was written for. */
export function isWrongTable(error: unknown): boolean {
  return sqliteCode(error) === SQLITE.ERROR;
}

function explainFileError(error: NodeJS.ErrnoException, path: string, then = RESTART): MeshError {
  switch (error.code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return refused(
        `This process may not write ${path} (${error.code}). Check its owner, its permissions and those of its directory.`,
        error,
      );
    case 'ENOSPC':
    case 'EDQUOT':
      return refused(`The disk that holds ${path} is full. Free some space, then ${then}.`, error);
    case 'ENOTDIR':
    case 'EEXIST':
      return refused(
        `The data directory can't be made at ${path}: something else than a directory is in its way.`,
        error,
      );
    case 'EIO':
    case 'EFBIG':
      return refused(
        `The operating system could not read or write ${path} (${error.code}). Check whether the disk is full or failing, and its quota, then ${then}.`,
        error,
      );
    default:
      return refused(`The store could not use ${path}: ${error.message}.`, error);
  }
}

/** The primary result code: the low octet of the extended one. */
function sqliteCode(error: unknown): number | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
}
