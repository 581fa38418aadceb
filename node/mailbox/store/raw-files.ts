// The octets of large mails, each a file of the name that they have (SHA-256), in a folder of its first two digits. A mail comes in
// under a name of its own, and gets that name when all of it is on the disk.
import { createReadStream, type ReadStream, rmSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeOwnDirectory, syncDirectory } from '../../machine/own-files.ts';

const FOLDER = 'raw';
const FOLDER_DIGITS = 2;

/** Octets of a kept mail from `start` up to, not including, `end`. `directory`: of the mailbox's data. */
export function readRawFile(directory: string, digest: string, start: number, end: number): ReadStream {
  const path = join(directory, FOLDER, digest.slice(0, FOLDER_DIGITS), digest);
  return createReadStream(path, { start, end: end - 1 });
}

export class RawFiles {
  readonly #directory: string;
  readonly #spool: string;
  #spooled = 0;
  /** How many mails of a digest were kept and are in no row yet. */
  readonly #unsettled = new Map<string, number>();

  private constructor(directory: string) {
    this.#directory = join(directory, FOLDER);
    this.#spool = join(directory, 'spool');
  }

  /** Removes what an earlier process was spooling: nobody was told that it is kept. */
  static async open(directory: string): Promise<RawFiles> {
    const files = new RawFiles(directory);
    makeOwnDirectory(files.#directory);
    makeOwnDirectory(files.#spool);
    for (const name of await readdir(files.#spool)) await rm(join(files.#spool, name));
    return files;
  }

  /** A path that no other mail has, for one that is coming in. */
  spoolPath(): string {
    this.#spooled += 1;
    return join(this.#spool, `${this.#spooled}.part`);
  }

  /**
   * Gives what lies at `spooled` the name `digest`; resolves when file and name survive a power cut. It stays until `settle`, whoever else
   * removes a mail of that name meanwhile.
   */
  async keep(spooled: string, digest: string): Promise<void> {
    this.#unsettled.set(digest, (this.#unsettled.get(digest) ?? 0) + 1);
    const folder = this.#folderOf(digest);
    makeOwnDirectory(folder);
    const file = await open(spooled, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(spooled, join(folder, digest));
    await syncDirectory(folder);
  }

  /** What `keep` was for is done: rows name the mail, or nobody wants it. */
  settle(digest: string, isNamed: boolean): void {
    const others = (this.#unsettled.get(digest) ?? 1) - 1;
    if (others === 0) this.#unsettled.delete(digest);
    else this.#unsettled.set(digest, others);
    if (!isNamed) this.remove(digest);
  }

  /** Removes a mail that no row names; one that is gone already is no fault. */
  remove(digest: string): void {
    if (this.#unsettled.has(digest)) return;
    // At once, so that nobody keeps a mail of that name between the look and the removal.
    rmSync(join(this.#folderOf(digest), digest), { force: true });
  }

  /** Takes away files that are not named by a row. Resolves with how many there were, or were found when `signal` aborts. */
  async sweep(isNamed: (digest: string) => boolean, signal: AbortSignal): Promise<number> {
    let swept = 0;
    for (const folder of await readdir(this.#directory))
      for (const digest of await readdir(join(this.#directory, folder))) {
        if (signal.aborted) return swept;
        if (isNamed(digest)) continue;
        this.remove(digest);
        swept += 1;
      }
    return swept;
  }

  #folderOf(digest: string): string {
    return join(this.#directory, digest.slice(0, FOLDER_DIGITS));
  }
}
