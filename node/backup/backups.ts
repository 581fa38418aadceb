// Makes a backup of a node that runs: every record as it is at one moment, copied into a file beside the data, and then sent on piece by piece
// with the attachments. What was acknowledged before it was asked for is in it.
import { rmSync, statfsSync, statSync } from 'node:fs';
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReadableStream } from 'node:stream/web';
import { createTarPacker, type TarPackController } from 'modern-tar';
import { MeshError } from '../../mesh/errors.ts';
import type { HostId } from '../../mesh/names.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import type { CopiedStore } from '../store/disk-store.ts';
import { refused } from '../store/refusals.ts';
import { ABOUT, type About, BACKUP_FORMAT, BLOB, HOST_KEY, RECORDS, SECRETS, WHOLE } from './contents.ts';
import { copyMailbox, type MailboxFile } from './mailbox-files.ts';

export interface BackupsOptions {
  readonly store: CopiedStore;
  /** The data directory. */
  readonly directory: string;
  readonly self: () => HostId;
  readonly version: string;
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly log: Log;
  /** How much room the disk of that directory has; absent: the system is asked. */
  readonly freeBytes?: (directory: string) => number;
}

/** A backup whose records are copied. Disposing removes the copy. */
export interface MadeBackup extends Disposable {
  /** The archive, in pieces of a bounded size. Rejects when the signal aborts, or a file can't be read. */
  pieces(signal: AbortSignal): AsyncGenerator<Uint8Array>;
}

interface Contents {
  readonly about: About;
  readonly mailbox: Iterable<MailboxFile>;
}

const RETRY_AFTER_SECONDS = 10;
/** What is copied, if it is there. */
const DATABASES = ['mesh.sqlite', 'mesh.sqlite-wal', 'mailbox/mailbox.db', 'mailbox/mailbox.db-wal'];
/** What the node itself may need meanwhile: the commit log. */
const LEFT_BYTES_MIN = 32 * 1_024 ** 2;

export class Backups {
  readonly #options: BackupsOptions;
  /** The copy that a backup under way is made of; a process that was killed may have left one. */
  readonly #copy: string;
  readonly #mailboxCopy: string;
  #isUnderWay = false;

  constructor(options: BackupsOptions) {
    this.#options = options;
    this.#copy = join(options.directory, 'mesh.backup');
    this.#mailboxCopy = join(options.directory, 'mailbox.backup');
    this.#removeCopies();
  }

  #removeCopies(): void {
    for (const file of [this.#copy, this.#mailboxCopy]) rmSync(file, { force: true });
  }

  /** Copies the records and the mailbox. Throws `overloaded` while another backup is under way, and `store_failed`, also where the disk has too little room for it. */
  async make({ withKeys }: Pick<About, 'withKeys'>): Promise<MadeBackup> {
    if (this.#isUnderWay)
      throw new MeshError('overloaded', 'A backup of this host is under way: one is made at a time.', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    this.#isUnderWay = true;
    const { store, directory, self, version, clock, log } = this.#options;
    const end = () => {
      this.#removeCopies();
      this.#isUnderWay = false;
    };
    const madeAt = new Date(clock.wallMs()).toISOString();
    const about: About = { format: BACKUP_FORMAT, host: self(), version, madeAt, withKeys };
    let mailbox: Iterable<MailboxFile>;
    try {
      this.#refuseWithoutRoom();
      const left = withKeys ? { without: [], withoutMembers: [] } : SECRETS;
      await store.copy({ file: this.#copy, ...left });
      // Behind the records: of what the mailbox tells the change log, nothing is then counted as told that its copy does not have.
      mailbox = await copyMailbox({ directory, copy: this.#mailboxCopy, withKeys }).catch((error: unknown) => {
        const why = (error as Error).message;
        throw refused(`mailbox/mailbox.db can't be copied: ${why}. The node goes on; there is no backup.`, error);
      });
    } catch (error) {
      end();
      throw error;
    }
    log.info('backup.begun', { withKeys });
    return { pieces: (signal) => this.#pieces({ about, mailbox }, signal), [Symbol.dispose]: end };
  }

  /** The copy must not take the room that the node needs to go on. */
  #refuseWithoutRoom(): void {
    const { directory, freeBytes = freeBytesOf } = this.#options;
    const copied = DATABASES.map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0);
    const needed = copied.reduce((sum, size) => sum + size, LEFT_BYTES_MIN);
    const free = freeBytes(directory);
    if (free >= needed) return;
    throw refused(
      `The disk of the data directory has ${mib(free)} MiB left. While a backup is made a copy lies there, for which it should have ${mib(needed)}: a node whose disk is full stops. Free some space, then ask for the backup again.`,
    );
  }

  async *#pieces(contents: Contents, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { readable, controller } = createTarPacker();
    const packing = this.#pack(controller, contents).catch((error: unknown) => controller.error(error));
    // The global type of a stream lacks the iterator that the stream has.
    for await (const piece of readable as ReadableStream<Uint8Array>) {
      signal.throwIfAborted();
      yield piece;
    }
    await packing;
  }

  async #pack(archive: TarPackController, { about, mailbox }: Contents): Promise<void> {
    const { directory, log } = this.#options;
    await addText(archive, ABOUT, JSON.stringify(about));
    await addFile(archive, RECORDS, this.#copy);
    const blobs = (await readdir(join(directory, 'blobs'))).filter((name) => BLOB.test(`blobs/${name}`));
    let files = 0;
    // A blob that has gone since was of mail that has ended since.
    for (const blob of blobs) if (await addFile(archive, `blobs/${blob}`, join(directory, 'blobs', blob))) files += 1;
    let mailboxFiles = 0;
    // The same of a large mail, which was deleted since.
    for (const { name, path } of mailbox) if (await addFile(archive, name, path)) mailboxFiles += 1;
    if (about.withKeys) await addText(archive, HOST_KEY, await readFile(join(directory, HOST_KEY), 'latin1'));
    await addText(archive, WHOLE, JSON.stringify({ blobs: files, mailboxFiles }));
    archive.finalize();
    log.info('backup.made', { blobs: files, mailboxFiles });
  }
}

function freeBytesOf(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1_024 ** 2);
}

async function addText(archive: TarPackController, name: string, text: string): Promise<void> {
  const octets = Buffer.from(text);
  const writer = archive.add({ name, size: octets.byteLength, mode: 0o600 }).getWriter();
  await writer.write(new Uint8Array(octets));
  await writer.close();
}

/** False when there is no such file any more. */
async function addFile(archive: TarPackController, name: string, path: string): Promise<boolean> {
  const opened = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (opened === undefined) return false;
  await using file = opened;
  const { size } = await file.stat();
  const writer = archive.add({ name, size, mode: 0o600 }).getWriter();
  for await (const chunk of file.createReadStream({ autoClose: false })) await writer.write(new Uint8Array(chunk));
  await writer.close();
  return true;
}
