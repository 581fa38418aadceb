// Attachments on disk, each under the SHA-256 of its octets, so that the same file is kept once and a name can never be a path.
// Written piece by piece and synced before it has its name; removed when no message needs it any more. The queue's record of a
// message is what needs it: a blob is never removed while one does, and one that waits for its message is kept for a day.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { MeshError } from '../../mesh/errors.ts';
import type { Clock } from '../../mesh/ports.ts';
import type { Log } from '../log.ts';
import { BLOB_UNUSED_MS_MAX, BLOBS_BYTES_MAX } from './limits.ts';

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

/** One blob on its way in. `finish` or `abort` must be called. */
export interface BlobWriter {
  /** Throws `payload_too_large` above its bound, `limit_exceeded` when this host's blobs are full. */
  write(octets: Uint8Array): Promise<void>;
  /** Durable when it resolves. */
  finish(): Promise<StoredBlob>;
  /** Leaves nothing. */
  abort(): Promise<void>;
}

export interface BlobsOptions {
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Of all blobs together; default `BLOBS_BYTES_MAX`. */
  readonly bytesMax?: number;
}

const NAME = /^[0-9a-f]{64}$/;
const UNFINISHED = '.part';

export class Blobs {
  readonly #directory: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #bytesMax: number;
  readonly #sizes = new Map<string, number>();
  /** When each was last put, by the wall clock. */
  readonly #putMs = new Map<string, number>();
  #bytes = 0;
  #parts = 0;

  private constructor({ directory, clock, log, bytesMax = BLOBS_BYTES_MAX }: BlobsOptions) {
    this.#directory = directory;
    this.#clock = clock;
    this.#log = log;
    this.#bytesMax = bytesMax;
  }

  /** Makes the directory (0700), and removes what a crash left unfinished. */
  static async open(options: BlobsOptions): Promise<Blobs> {
    const blobs = new Blobs(options);
    await mkdir(options.directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(options.directory)) {
      const path = join(options.directory, name);
      if (name.endsWith(UNFINISHED)) await unlink(path);
      else if (NAME.test(name)) {
        const { size, mtimeMs } = await stat(path);
        blobs.#keep(name, size, mtimeMs);
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

  async put(octets: AsyncIterable<Uint8Array>, bytesMax: number): Promise<StoredBlob> {
    const writer = await this.begin(bytesMax);
    try {
      for await (const chunk of octets) await writer.write(chunk);
      return await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** A new blob of at most `bytesMax` octets, written piece by piece. */
  async begin(bytesMax: number): Promise<BlobWriter> {
    this.#parts += 1;
    const part = join(this.#directory, `${process.pid}-${this.#parts}${UNFINISHED}`);
    const file = await open(part, 'wx', 0o600);
    const hash = createHash('sha256');
    let bytes = 0;
    return {
      write: async (octets) => {
        bytes += octets.byteLength;
        if (bytes > bytesMax)
          throw new MeshError(
            'payload_too_large',
            `An attachment is larger than ${bytesMax} octets, the most one may have.`,
          );
        if (this.#bytes + bytes > this.#bytesMax)
          throw new MeshError(
            'limit_exceeded',
            `This host holds ${this.#bytesMax} octets of attachments, its most. Try again when messages were sent.`,
          );
        hash.update(octets);
        await writeAll(file, octets);
      },
      finish: async () => {
        await file.sync();
        await file.close();
        const blob = hash.digest('hex');
        await rename(part, this.#path(blob));
        await syncDirectory(this.#directory);
        this.#keep(blob, bytes, this.#clock.wallMs());
        return { blob, bytes };
      },
      abort: async () => {
        // Closed already when it was `finish` that failed.
        await file.close().catch(() => undefined);
        await unlink(part).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        });
      },
    };
  }

  /** Marks a blob as wanted now, so that the next sweep leaves it: its message is being accepted. */
  async touch(blob: string): Promise<void> {
    const nowMs = this.#clock.wallMs();
    this.#putMs.set(blob, nowMs);
    await utimes(this.#path(blob), nowMs / 1_000, nowMs / 1_000);
  }

  /** Removes blobs that no message needs and that nobody put for a day. */
  async sweep(isNeeded: (blob: string) => boolean): Promise<void> {
    const beforeMs = this.#clock.wallMs() - BLOB_UNUSED_MS_MAX;
    for (const [blob, putMs] of [...this.#putMs]) {
      if (putMs > beforeMs || isNeeded(blob)) continue;
      this.#bytes -= this.#sizes.get(blob) ?? 0;
      this.#sizes.delete(blob);
      this.#putMs.delete(blob);
      await unlink(this.#path(blob));
      this.#log.info('blob.removed', { blob });
    }
  }

  #keep(blob: string, bytes: number, putMs: number): void {
    if (!this.#sizes.has(blob)) this.#bytes += bytes;
    this.#sizes.set(blob, bytes);
    this.#putMs.set(blob, putMs);
  }

  #path(blob: string): string {
    if (!NAME.test(blob)) throw new Error(`'${blob}' is no name of a blob.`);
    return join(this.#directory, blob);
  }
}

async function writeAll(file: FileHandle, octets: Uint8Array): Promise<void> {
  for (let written = 0; written < octets.byteLength; ) {
    const { bytesWritten } = await file.write(octets, written);
    written += bytesWritten;
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
