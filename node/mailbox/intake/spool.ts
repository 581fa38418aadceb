// A mail while it comes in: its octets go to a file as soon as they are many, and everything that is to be known of them is found on the
// way, so that a mail of 25 MiB takes no more memory than a small one.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { RAW_INLINE_BYTES_MAX } from '../message.ts';
import type { RawFiles } from '../store/raw-files.ts';
import { BodyHash, isNamed, mailDigest } from './mail-digest.ts';
import { type Structure, StructurePass } from './structure.ts';

const PIECE_BYTES = 32 * 1024;

export interface SpooledMail {
  readonly structure: Structure;
  /** SHA-256 of all octets, hexadecimal. */
  readonly rawDigest: string;
  /** What makes it the same mail (mail-digest.ts). */
  readonly digest: string;
  readonly size: number;
  /** A small mail. */
  readonly content: Buffer | undefined;
  /** A large one: where it lies, not synced yet. */
  readonly path: string | undefined;
  /** The octets behind the header. */
  body(): AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** Rejects when the stream or the disk fails; then nothing is left of the mail. */
export async function spool(octets: AsyncIterable<Buffer>, files: Pick<RawFiles, 'spoolPath'>): Promise<SpooledMail> {
  const pass = new StructurePass();
  const [hash, bodyHash] = [createHash('sha256'), new BodyHash()];
  const store = new SpoolStore(files);
  try {
    for await (const piece of inPieces(octets)) {
      hash.update(piece);
      bodyHash.push(piece);
      await store.write(piece);
      await pass.write(piece);
    }
    await store.close();
  } catch (error) {
    await store.discard();
    throw error;
  }
  const structure = await pass.end();
  const { content, path } = store;
  const start = structure.header.length;
  const rawDigest = hash.digest('hex');
  return {
    ...{ structure, content, path, size: structure.size, rawDigest },
    // Of two mails without a name and a date, or whose header can't be read, nobody knows that they are one.
    digest: isNamed(structure.headers) ? mailDigest(structure.headers, bodyHash.digest()) : rawDigest,
    body: () =>
      path === undefined ? [(content ?? Buffer.alloc(0)).subarray(start)] : createReadStream(path, { start }),
  };
}

/** A connection hands a mail of dotted lines over line by line, and each piece costs the disk and everybody that looks at it as much. */
async function* inPieces(octets: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const octetsNow of octets) {
    waiting.push(octetsNow);
    size += octetsNow.length;
    if (size < PIECE_BYTES) continue;
    yield joined(waiting);
    [waiting, size] = [[], 0];
  }
  if (size > 0) yield joined(waiting);
}

/** One buffer of all; of a single one no copy is made, for nobody writes into what came. */
function joined(pieces: readonly Buffer[]): Buffer {
  const [only = Buffer.alloc(0)] = pieces;
  return pieces.length <= 1 ? only : Buffer.concat(pieces);
}

class SpoolStore {
  readonly #files: Pick<RawFiles, 'spoolPath'>;
  #pieces: Buffer[] = [];
  #size = 0;
  #file: FileHandle | undefined;
  path: string | undefined;

  constructor(files: Pick<RawFiles, 'spoolPath'>) {
    this.#files = files;
  }

  /** All octets, unless they lie in a file. */
  get content(): Buffer | undefined {
    return this.path === undefined ? joined(this.#pieces) : undefined;
  }

  async write(piece: Buffer): Promise<void> {
    this.#size += piece.length;
    if (this.#file === undefined && this.#size <= RAW_INLINE_BYTES_MAX) {
      this.#pieces.push(piece);
      return;
    }
    if (this.#file === undefined) {
      this.path = this.#files.spoolPath();
      this.#file = await open(this.path, 'wx', 0o600);
      await this.#file.writeFile(Buffer.concat(this.#pieces));
      this.#pieces = [];
    }
    await this.#file.writeFile(piece);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  async discard(): Promise<void> {
    await this.close();
    if (this.path !== undefined) await rm(this.path, { force: true });
  }
}
