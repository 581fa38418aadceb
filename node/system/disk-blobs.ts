// Attachments in a directory, each a file of the name that its octets have (SHA-256). A file is written piece by piece and synced
// before it has that name; it is removed when no message needs it any more. What needs a blob is told by the caller (`isNeeded`).

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import { KeyedLock, tooManyChanges } from '../../mesh/time/keyed-lock.ts';
import type { Log } from '../log.ts';
import { makeOwnDirectory, refuseForeignFile, syncDirectory } from '../machine/own-files.ts';
import { BLOB_UNUSED_MS_MAX, BlobShares } from '../send/attachments/blob-shares.ts';
import type { BlobStore, BlobWriter, NewBlob, StoredBlob } from '../send/attachments/blob-store.ts';
import { onDisk, unlinkIfThere } from './blob-files.ts';

/** Octets of all blobs on this host. */
const BLOBS_BYTES_MAX = 4_096 * 1_024 * 1_024;
/** Blobs on this host. */
const BLOBS_MAX = 50_000;

export interface DiskBlobsOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Octets of all blobs together, and how many; default `BLOBS_BYTES_MAX`, `BLOBS_MAX`. */
  readonly bytesMax?: number;
  readonly countMax?: number;
}

/**
 * A wall clock shows whole milliseconds, so that a time of it lies within one of the same time by the monotonic clock. Whoever wanted a blob
 * that short a time later wanted it then.
 */
const WALL_STEP_MS = 1;
const NAME = /^[0-9a-f]{64}$/;
const UNFINISHED = '.part';

export class DiskBlobs implements BlobStore {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #bytesMax: number;
  readonly #countMax: number;
  readonly #shares = new BlobShares();
  /** Says what needs the blobs, for whoever is refused because there are too many. */
  #describeUse: () => string = () => '';
  /** The blobs that can be sent, for their names are durable, with their octets. */
  readonly #sizes = new Map<string, number>();
  /** When each was last wanted, by the monotonic clock: a wall clock that is set makes none older or younger. */
  readonly #wantedMs = new Map<string, number>();
  /** How often each was put by somebody who may need it still; one of before the start, once. */
  readonly #puts = new Map<string, number>();
  /** By blob. Its name is given and taken one at a time: a file that was put again is not removed for its age a moment ago. */
  readonly #locks: KeyedLock;
  #bytes = 0;
  /** Octets of blobs on their way in. */
  #unfinishedBytes = 0;
  #unfinished = 0;
  #parts = 0;

  private constructor({ directory, clock, log, bytesMax = BLOBS_BYTES_MAX, countMax = BLOBS_MAX }: DiskBlobsOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
    this.#locks = new KeyedLock({ clock, refusal: tooManyChanges('attachment'), waitersMax: Number.POSITIVE_INFINITY });
    this.#bytesMax = bytesMax;
    this.#countMax = countMax;
  }

  /** Makes the directory (0700), and removes what a crash left unfinished. */
  static async open(options: DiskBlobsOptions): Promise<DiskBlobs> {
    const blobs = new DiskBlobs(options);
    makeOwnDirectory(options.directory);
    await chmod(options.directory, 0o700);
    for (const name of await readdir(options.directory)) {
      const path = join(options.directory, name);
      if (name.endsWith(UNFINISHED) || NAME.test(name)) refuseForeignFile(path);
      if (name.endsWith(UNFINISHED)) await unlink(path);
      else if (NAME.test(name)) {
        const { size, mtimeMs } = await stat(path);
        blobs.#wantedMs.set(name, blobs.#elapsedMs(mtimeMs));
        blobs.#sizes.set(name, size);
        blobs.#puts.set(name, 1);
        blobs.#bytes += size;
      }
    }
    return blobs;
  }

  bytesOf(blob: string): number | undefined {
    return this.#sizes.get(blob);
  }

  read(blob: string): Readable {
    return createReadStream(this.#path(blob));
  }

  describeUseBy(describe: () => string): void {
    this.#describeUse = describe;
  }

  async put(octets: AsyncIterable<Uint8Array>, blob: NewBlob): Promise<StoredBlob> {
    const writer = await this.begin(blob);
    try {
      for await (const chunk of octets) await writer.write(chunk);
      return await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async begin({ bytesMax, client }: NewBlob): Promise<BlobWriter> {
    this.#refuseTooMany();
    this.#shares.reserve(client, { count: 1, bytes: 0 });
    this.#parts += 1;
    this.#unfinished += 1;
    let bytes = 0;
    const settle = () => {
      this.#unfinishedBytes -= bytes;
      this.#unfinished -= 1;
    };
    const part = join(this.#directory, `${process.pid}-${this.#parts}${UNFINISHED}`);
    const giveUp = () => {
      settle();
      this.#shares.giveBack(client, { count: 1, bytes });
      bytes = 0;
    };
    const file = await onDisk(() => open(part, 'wx', 0o600)).catch((error: unknown) => {
      giveUp();
      throw error;
    });
    const hash = createHash('sha256');
    let isSettled = false;
    return {
      write: async (octets) => {
        this.#refuseTooMuch(bytes + octets.byteLength, octets.byteLength, bytesMax);
        this.#shares.reserve(client, { count: 0, bytes: octets.byteLength });
        bytes += octets.byteLength;
        this.#unfinishedBytes += octets.byteLength;
        hash.update(octets);
        await onDisk(() => file.writeFile(octets));
      },
      finish: async () => {
        const stored = { blob: hash.digest('hex'), bytes };
        await onDisk(() => file.sync());
        await onDisk(() => file.close());
        await onDisk(() => this.#give(part, stored.blob));
        isSettled = true;
        settle();
        this.#keep(stored, client);
        return stored;
      },
      abort: async () => {
        if (!isSettled) giveUp();
        isSettled = true;
        // Closed already when it was `finish` that failed.
        await file.close().catch(() => undefined);
        await unlinkIfThere(part);
      },
    };
  }

  async touch(blob: string): Promise<void> {
    if (!this.#sizes.has(blob))
      throw new MeshError('invalid_request', `The attachment '${blob}' is not stored here any more; upload it again.`, {
        field: 'attachments',
      });
    const nowMs = this.#clock.wallMs();
    this.#wantedMs.set(blob, this.#clock.monotonicMs());
    this.#shares.settle(blob);
    await onDisk(() => utimes(this.#path(blob), nowMs / 1_000, nowMs / 1_000));
  }

  async release(blob: string, sinceMs: number, isNeeded: (blob: string) => boolean): Promise<void> {
    const beforeMs = this.#elapsedMs(sinceMs) + WALL_STEP_MS;
    const isOver = () => (this.#wantedMs.get(blob) ?? 0) <= beforeMs && !isNeeded(blob);
    await this.#locks.run(blob, () => this.#remove(blob, isOver));
  }

  async forgo(blob: string, isNeeded: (blob: string) => boolean): Promise<void> {
    await this.#locks.run(blob, async () => {
      const puts = (this.#puts.get(blob) ?? 0) - 1;
      if (puts > 0) this.#puts.set(blob, puts);
      else await this.#remove(blob, () => !isNeeded(blob));
    });
  }

  async sweep(isNeeded: (blob: string) => boolean): Promise<void> {
    for (const [blob, bytes] of this.#sizes)
      if (isNeeded(blob)) this.#shares.settle(blob);
      else this.#shares.found(blob, bytes);
    for (const blob of [...this.#wantedMs.keys()])
      if (this.#isOver(blob, isNeeded))
        await this.#locks.run(blob, () => this.#remove(blob, () => this.#isOver(blob, isNeeded)));
  }

  #refuseTooMuch(bytes: number, more: number, bytesMax: number): void {
    if (bytes > bytesMax)
      throw new MeshError(
        'payload_too_large',
        `An attachment is larger than ${bytesMax} octets, the most one may have.`,
      );
    if (this.#bytes + this.#unfinishedBytes + more > this.#bytesMax)
      throw this.#full(`${this.#bytesMax} octets of attachments`);
  }

  #refuseTooMany(): void {
    if (this.#sizes.size + this.#unfinished >= this.#countMax) throw this.#full(`${this.#countMax} attachments`);
  }

  #full(most: string): MeshError {
    const { count, bytes } = this.#shares.total;
    const sentences = [
      `This host holds ${most}, its most.`,
      this.#describeUse(),
      `Named by no mail yet: ${count} of ${bytes} octets.`,
      'Cancel mails that wait, let go of the attachments of those that failed (DELETE /api/email/ID/attachments), or try again when mails were sent.',
    ];
    return new MeshError('store_full', sentences.filter((one) => one !== '').join(' '));
  }

  /** Gives the blob its name, which is durable when this resolves. */
  async #give(part: string, blob: string): Promise<void> {
    await this.#locks.run(blob, async () => {
      await rename(part, this.#path(blob));
      this.#wantedMs.set(blob, this.#clock.monotonicMs());
      this.#puts.set(blob, (this.#puts.get(blob) ?? 0) + 1);
    });
    await syncDirectory(this.#directory);
  }

  #keep({ blob, bytes }: StoredBlob, client: string): void {
    if (this.#sizes.has(blob)) {
      this.#shares.giveBack(client, { count: 1, bytes });
      return;
    }
    this.#bytes += bytes;
    this.#sizes.set(blob, bytes);
    this.#shares.keep(blob, client, bytes);
  }

  #isOver(blob: string, isNeeded: (blob: string) => boolean): boolean {
    const wantedMs = this.#wantedMs.get(blob) ?? 0;
    return wantedMs <= this.#clock.monotonicMs() - BLOB_UNUSED_MS_MAX && !isNeeded(blob);
  }

  /** A time of the wall clock, by the monotonic clock; a time to come is taken for now. */
  #elapsedMs(wallMs: number): number {
    return this.#clock.monotonicMs() - Math.max(0, this.#clock.wallMs() - wallMs);
  }

  /** The blob is forgotten before its file goes, so that nobody takes it up meanwhile. */
  async #remove(blob: string, isOver: () => boolean): Promise<void> {
    // While the removal waited for its turn, somebody may have wanted the blob again.
    if (!this.#sizes.has(blob) || !isOver()) return;
    this.#bytes -= this.#sizes.get(blob) ?? 0;
    this.#sizes.delete(blob);
    this.#wantedMs.delete(blob);
    this.#puts.delete(blob);
    this.#shares.settle(blob);
    try {
      await unlinkIfThere(this.#path(blob));
      this.#log.info('blob.removed', { blob });
    } catch (error) {
      // The file is in nobody's way; the next start finds it again.
      this.#log.warn('blob.not_removed', { blob, reason: (error as Error).message });
    }
  }

  #path(blob: string): string {
    if (!NAME.test(blob)) throw new Error(`'${blob}' is no name of a blob.`);
    return join(this.#directory, blob);
  }
}
