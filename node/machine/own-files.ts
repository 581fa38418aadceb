// Files that are this node's alone: its data, its keys, and what an operator hands it in secret. One that belongs to somebody else, that
// others may write, or that is a link in place of a file is not used: who made it chooses what is read from it, or what is
// overwritten through it. Links are never followed, new files never share a name with what is there, and what must survive a power
// cut is whole or not there at all.
// It does not promise anything against root, nor against whoever may change this program.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { MeshError } from '../../mesh/errors.ts';
import { shellWord } from './shell-word.ts';

/** What ownership is judged by; `mode` as `stat` has it. */
export type Owned = Pick<Stats, 'mode' | 'uid' | 'gid' | 'nlink'>;

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const GROUP_OR_OTHERS_WRITE = 0o022;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const READ_LINK = 'ELOOP';
/** Shown for users who have no number in this user namespace. */
const OVERFLOW_UID = 65_534;

/** Why a directory is not this user's alone, to follow its path in a sentence; `undefined` when it is. Windows has no such bits. */
export function directoryFault(
  path: string,
  stats: Owned & Pick<Stats, 'isDirectory' | 'isSymbolicLink'>,
  user: number,
) {
  if (stats.isSymbolicLink()) return 'is a link; name the directory itself';
  if (!stats.isDirectory()) return "can't be made: something else than a directory is in its way";
  return ownerFault(path, stats, user);
}

/** Why a file is not this user's alone, as `directoryFault`. A second name (a hard link) may be somebody's who wants it overwritten. */
export function fileFault(path: string, stats: Owned & Pick<Stats, 'isFile' | 'isSymbolicLink'>, user: number) {
  if (stats.isSymbolicLink()) return 'is a link; put the file itself in its place';
  if (!stats.isFile()) return 'is no file';
  if (stats.nlink > 1) return `has ${stats.nlink} names (hard links); put a copy of its own in its place`;
  return ownerFault(path, stats, user);
}

/**
 * Why others decide what stands there (a directory: which files are in it); `undefined` when only `trusted` users do. A sticky directory
 * (/tmp) lets nobody move what is somebody else's; a group that has its user's number is that user's alone.
 */
export function trustFault({ mode, uid, gid }: Owned, trusted: ReadonlySet<number>): string | undefined {
  if (!trusted.has(uid)) return `belongs to another user (uid ${uid})`;
  const isPrivateGroup = gid === uid;
  const open = mode & (isPrivateGroup ? OTHERS_WRITE : GROUP_OR_OTHERS_WRITE);
  return open !== 0 && (mode & STICKY) === 0 ? `may be written by others (mode ${octal(mode)})` : undefined;
}

/**
 * Makes the directory and those above it, readable by their owner only, and their entries durable. An existing one is left as
 * it is. One by one, for Node's own `recursive` never returns below /proc. Throws `store_failed` when it is not this user's alone.
 */
export function makeOwnDirectory(directory: string): void {
  const path = resolve(directory);
  makeDirectory(path);
  const user = process.geteuid?.();
  if (user === undefined) return;
  const fault = directoryFault(path, lstatSync(path), user);
  if (fault !== undefined) throw refused(`The directory ${path} ${fault}.`);
  const trusted = trustedUsers(user);
  for (const parent of directoriesOnTheWay(path, trusted)) {
    const why = trustFault(statSync(parent), trusted);
    if (why !== undefined)
      throw refused(
        `The directory ${path} can be exchanged by others: ${parent}, above it, ${why}. Use a directory below one that only you may write.`,
      );
  }
}

/** Throws `store_failed` when there is something at that path that is not a file of this user's alone. */
export function refuseForeignFile(path: string): void {
  const user = process.geteuid?.();
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (user === undefined || stats === undefined) return;
  const fault = fileFault(path, stats, user);
  if (fault !== undefined) throw refused(`The file ${path} ${fault}.`);
}

/** A file's octets, at most `bytesMax`; `undefined` when there is no such file. Throws an Error whose message follows its path in a sentence. */
export function readOwnFile(path: string, bytesMax: number, isOwner: (uid: number) => boolean): Buffer | undefined {
  let file: number;
  try {
    // A pipe would keep the opener waiting for who writes it.
    file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new Error(code === READ_LINK ? 'is a link; name the file itself' : `can't be opened: ${message}`, { cause });
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new Error('is no file');
    if (process.geteuid !== undefined) {
      if (!isOwner(stats.uid)) throw new Error(otherUser(stats.uid));
      if ((stats.mode & 0o077) !== 0)
        throw new Error(
          `may be read or written by others (mode ${octal(stats.mode)}). If nobody has copied it, set it right with: chmod 600 ${shellWord(path)}`,
        );
    }
    if (stats.size > bytesMax) throw new Error(`has ${stats.size} octets; at most ${bytesMax} are read`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** An empty file that only its owner reads. Throws `EEXIST` when there is anything of that name. */
export function makeFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o600));
}

/** Puts a whole file there durably: after a power cut it is there entirely or not at all. What had the name is not written to. */
export function writeFileDurably(path: string, text: string): void {
  const draft = `${path}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  syncPath(dirname(path));
}

/** Puts a whole file in the place of one that is there, with the mode that it had: after a power cut it is the former one or this one. */
export function replaceFileDurably(path: string, text: string): void {
  const { mode } = statSync(path);
  // Nodes may share the file: each has a draft of its own.
  const draft = `${path}.${process.pid}.new`;
  rmSync(draft, { force: true });
  const file = openSync(draft, 'wx', 0o600);
  try {
    try {
      writeFileSync(file, text);
      fchmodSync(file, mode & 0o777);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    // The next process has another draft, and would leave another one on a full disk.
    rmSync(draft, { force: true });
    throw error;
  }
  syncPath(dirname(path));
}

/** Makes a directory's entries durable, while others go on. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes a file's content, or a directory's entries, durable. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Root, this process's user, and whoever may change this program anyway. */
export function trustedUsers(user: number): ReadonlySet<number> {
  const program = statSync(new URL('../../package.json', import.meta.url)).uid;
  return new Set([0, user, program, ...(isInUserNamespace() ? [OVERFLOW_UID] : [])]);
}

/** Whether users from outside, root too, have no number of their own here (user_namespaces(7)), as in sandboxes. */
function isInUserNamespace(): boolean {
  try {
    return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
  } catch {
    // No Linux, or no /proc: there are none.
    return false;
  }
}

/**
 * Every directory in which something is looked up until `path` is reached: those above it as it is written, and where one of them is a
 * link, those above what it points to. Throws `store_failed` at a link of somebody else's, who may point it elsewhere in a sticky directory too.
 */
function directoriesOnTheWay(path: string, trusted: ReadonlySet<number>): ReadonlySet<string> {
  const found = new Set<string>();
  const due = [path];
  for (let at = due.pop(); at !== undefined; at = due.pop()) {
    const parent = dirname(at);
    if (parent !== at && !found.has(parent)) {
      found.add(parent);
      due.push(parent);
    }
    const stats = lstatSync(at);
    if (!stats.isSymbolicLink()) continue;
    if (!trusted.has(stats.uid))
      throw refused(
        `The directory ${path} can be exchanged by others: the link ${at}, above it, ${otherUser(stats.uid)}.`,
      );
    due.push(resolve(parent, readlinkSync(at)));
  }
  return found;
}

function makeDirectory(path: string): void {
  // A link that points nowhere counts as something that is there.
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  const parent = dirname(path);
  makeDirectory(parent);
  try {
    mkdirSync(path, 0o700);
  } catch (error) {
    // Another node made the directory at the same moment; the lock decides between the two.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  syncPath(parent);
}

function ownerFault(path: string, { mode, uid }: Owned, user: number): string | undefined {
  if (uid !== user) return `${otherUser(uid)}; this node runs as uid ${user}, and uses only what is its own`;
  if ((mode & GROUP_OR_OTHERS_WRITE) === 0) return undefined;
  return `may be written by others (mode ${octal(mode)}). If nobody has changed it, set it right with: chmod go-w ${shellWord(path)}`;
}

function otherUser(uid: number): string {
  return `belongs to another user (uid ${uid})`;
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8);
}

function refused(sentence: string): MeshError {
  return new MeshError('store_failed', sentence);
}
