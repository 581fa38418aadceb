// The port for attachments: octets kept under the SHA-256 of their own, so that the same file is kept once and a name can never be
// a path. A blob is durable once its writer has finished. The queue decides what a message still needs; a blob that no message
// names yet waits a day for one. The store on disk is system/disk-blobs.ts.
import type { Readable } from 'node:stream';

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

export interface BlobStore {
  /** Octets of a blob; `undefined` when there is none of that name. */
  bytesOf(blob: string): number | undefined;
  /** The octets of a blob. The stream fails when the blob is not there. */
  read(blob: string): Readable;
  /** A new blob, written piece by piece. Throws `store_full`, `store_failed`. */
  begin(blob: NewBlob): Promise<BlobWriter>;
  /** The whole of a stream. Throws what a `BlobWriter` throws. */
  put(octets: AsyncIterable<Uint8Array>, blob: NewBlob): Promise<StoredBlob>;
  /**
   * Marks a blob as wanted now, so that no sweep removes it before its message is in the queue. Throws `invalid_request` when a
   * sweep was faster.
   */
  touch(blob: string): Promise<void>;
  /** Removes one that no message needs, unless somebody wanted it after `sinceMs` (wall clock), for a message of their own. */
  release(blob: string, sinceMs: number, isNeeded: (blob: string) => boolean): Promise<void>;
  /** Whoever has put it once needs it no more: removes it, unless a message needs it, or somebody else has put it too. */
  forgo(blob: string, isNeeded: (blob: string) => boolean): Promise<void>;
  /** Removes blobs that no message needs and that nobody wanted for a day. */
  sweep(isNeeded: (blob: string) => boolean): Promise<void>;
  /** `describe`: sentences about what needs the blobs, for whoever is refused because there are too many. */
  describeUseBy(describe: () => string): void;
}
