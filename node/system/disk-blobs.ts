// Attachments on disk, each under the SHA-256 of its octets, so that the same file is kept once and a name can never be a path.
// Written piece by piece and synced before it has its name; removed when no message needs it any more. The queue's record of a
// message is what needs it: a blob is never removed while one does, and one that waits for its message is kept for a day.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, open, readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import pLimit from 'p-limit';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { makeOwnDirectory, refuseForeignFile, syncDirectory } from '../machine/own-files.ts';
import { BlobShares } from '../send/attachments/blob-shares.ts';
import { BLOB_UNUSED_MS_MAX, BLOBS_BYTES_MAX, BLOBS_MAX } from '../send/limits.ts';
import { onDisk, unlinkIfThere, writeAll } from './blob-files.ts';

/** A content that was put away while the request was read. */
export class SpooledContent {
  readonly blob: string;
  readonly bytes: number;
  constructor({ blob, bytes }: StoredBlob) {
    this.blob = blob;
    this.bytes = bytes;
  }
}

export interface StoredBlob {
  /** SHA-256, lower-case hex. */
  readonly blob: string;
  readonly bytes: number;
}

/** What is to be a blob. */
export interface NewBlob {
  readonly bytesMax: number;
  /** Whoever brings it: of what no mail needs yet, each client has a share. */
  readonly client: string;
}

/** One blob on its way in. `finish` or `abort` must be called. */
export interface BlobWriter {
  /** Throws `payload_too_large` above its bound, `store_full` when this host's blobs are full, `store_failed`. */
  write(octets: Uint8Array): Promise<void>;
  /** Durable when it resolves. Throws `store_failed`. */
  finish(): Promise<StoredBlob>;
  /** Leaves nothing. */
  abort(): Promise<void>;
}

export interface BlobsOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Of all blobs together; default `BLOBS_BYTES_MAX`, `BLOBS_MAX`. */
  readonly bytesMax?: number;
  readonly countMax?: number;
}

const NAME = /^[0-9a-f]{64}$/;
const UNFINISHED = '.part';

export class Blobs {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #bytesMax: number;
  readonly #countMax: number;
  readonly #shares = new BlobShares();
  /** Says what needs the blobs, for whoever is refused because there are too many. */
  #describeUse: () => string = () => '';
  /** Those that can be sent: their names are durable. */
  readonly #sizes = new Map<string, number>();
  /** When each was last wanted, by the monotonic clock: a wall clock that is set makes none older or younger. */
  readonly #wantedMs = new Map<string, number>();
  /** Names are given and taken one at a time: a file that was put again is not removed for its age a moment ago. */
  readonly #naming = pLimit(1);
  #bytes = 0;
  /** Of blobs on their way in. */
  #unfinishedBytes = 0;
  #unfinished = 0;
  #parts = 0;

  private constructor({ directory, clock, log, bytesMax = BLOBS_BYTES_MAX, countMax = BLOBS_MAX }: BlobsOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
    this.#bytesMax = bytesMax;
    this.#countMax = countMax;
  }

  /** Makes the directory (0700), and removes what a crash left unfinished. */
  static async open(options: BlobsOptions): Promise<Blobs> {
    const blobs = new Blobs(options);
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
        blobs.#bytes += size;
      }
    }
    return blobs;
  }

  /** Octets of a blob; `undefined` when there is none of that name. */
  bytesOf(blob: string): number | undefined {
    return this.#sizes.get(blob);
  }

  /** Its octets. The stream fails when the blob is not there. */
  read(blob: string): Readable {
    return createReadStream(this.#path(blob));
  }

  /** `describe`: sentences about what needs the blobs. */
  tellUseBy(describe: () => string): void {
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

  /** A new blob, written piece by piece. Throws `store_full`, `store_failed`. */
  async begin({ bytesMax, client }: NewBlob): Promise<BlobWriter> {
    this.#refuseTooMany();
    this.#shares.take(client, { count: 1, bytes: 0 });
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
        this.#shares.take(client, { count: 0, bytes: octets.byteLength });
        bytes += octets.byteLength;
        this.#unfinishedBytes += octets.byteLength;
        hash.update(octets);
        await onDisk(() => writeAll(file, octets));
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

  /**
   * Marks a blob as wanted now, so that no sweep removes it before its message is in the queue. Throws `invalid_request` when a
   * sweep was faster.
   */
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

  /** Removes one that no message needs, unless somebody wanted it after `sinceMs` (wall clock), for a message of their own. */
  async release(blob: string, sinceMs: number, isNeeded: (blob: string) => boolean): Promise<void> {
    const beforeMs = this.#elapsedMs(sinceMs);
    const isOver = () => (this.#wantedMs.get(blob) ?? 0) <= beforeMs && !isNeeded(blob);
    await this.#naming(() => this.#remove(blob, isOver));
  }

  /** Removes blobs that no message needs and that nobody wanted for a day. */
  async sweep(isNeeded: (blob: string) => boolean): Promise<void> {
    for (const [blob, bytes] of this.#sizes)
      if (isNeeded(blob)) this.#shares.settle(blob);
      else this.#shares.found(blob, bytes);
    for (const blob of [...this.#wantedMs.keys()])
      if (this.#isOver(blob, isNeeded))
        await this.#naming(() => this.#remove(blob, () => this.#isOver(blob, isNeeded)));
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

  /** Its name, durable when it resolves. */
  async #give(part: string, blob: string): Promise<void> {
    await this.#naming(async () => {
      await rename(part, this.#path(blob));
      this.#wantedMs.set(blob, this.#clock.monotonicMs());
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

  /** By the monotonic clock, of a time of the wall clock; one to come is taken for now. */
  #elapsedMs(wallMs: number): number {
    return this.#clock.monotonicMs() - Math.max(0, this.#clock.wallMs() - wallMs);
  }

  /** Forgets it first, so that nobody takes it up while its file goes. */
  async #remove(blob: string, isOver: () => boolean): Promise<void> {
    // Asked again: it may have waited behind others for its turn.
    if (!this.#sizes.has(blob) || !isOver()) return;
    this.#bytes -= this.#sizes.get(blob) ?? 0;
    this.#sizes.delete(blob);
    this.#wantedMs.delete(blob);
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
